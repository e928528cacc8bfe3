-- Resources of all tenants. Display names are bytes, because a JSON string may hold U+0000 and TEXT may not.
CREATE TABLE resources (
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    id UUID NOT NULL CONSTRAINT resources_id UNIQUE,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    last_modified BIGINT NOT NULL,
    display BYTEA NOT NULL,
    text TEXT NOT NULL
);

CREATE INDEX resources_in_order ON resources (tenant, kind, sequence);

-- What resources are found by. A digest stands for tenant, kind, attribute and value; `sole` says that no
-- other resource may have the same.
CREATE TABLE keys (
    resource BIGINT NOT NULL REFERENCES resources (sequence) ON DELETE CASCADE,
    digest BYTEA NOT NULL,
    sole BOOLEAN NOT NULL,
    PRIMARY KEY (resource, digest)
);

CREATE INDEX keys_by_digest ON keys (digest, resource);
CREATE UNIQUE INDEX keys_sole ON keys (digest) WHERE sole;

-- Who is a direct member of what, in the order of joining.
CREATE TABLE memberships (
    place BIGINT GENERATED ALWAYS AS IDENTITY,
    holder BIGINT NOT NULL REFERENCES resources (sequence),
    member BIGINT NOT NULL REFERENCES resources (sequence),
    PRIMARY KEY (holder, member)
);

CREATE INDEX memberships_in_order ON memberships (holder, place);
CREATE INDEX memberships_by_member ON memberships (member);

-- How many resources there are in each stretch of sequences, so that neither the total of a list nor the start
-- of a page deep in it is counted out one by one. In several shards, so that creates at the same time seldom
-- wait for one another; with room on the pages, because the rows are written over and over.
CREATE TABLE blocks (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    block BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (tenant, kind, block, shard)
) WITH (fillfactor = 50);
