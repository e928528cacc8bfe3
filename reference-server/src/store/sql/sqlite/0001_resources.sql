-- Resources of all tenants. A sequence is never given twice (AUTOINCREMENT), so that a cursor never skips a
-- resource that came after it.
CREATE TABLE resources (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    id BLOB NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    last_modified INTEGER NOT NULL,
    display BLOB NOT NULL,
    text TEXT NOT NULL
);

CREATE INDEX resources_in_order ON resources (tenant, kind, sequence);

-- What resources are found by. A digest stands for tenant, kind, attribute and value; `sole` says that no
-- other resource may have the same.
CREATE TABLE keys (
    resource INTEGER NOT NULL REFERENCES resources (sequence) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    sole INTEGER NOT NULL,
    PRIMARY KEY (resource, digest)
) WITHOUT ROWID;

CREATE INDEX keys_by_digest ON keys (digest);
CREATE UNIQUE INDEX keys_sole ON keys (digest) WHERE sole;

-- Who is a direct member of what, in the order of joining.
CREATE TABLE memberships (
    place INTEGER PRIMARY KEY,
    holder INTEGER NOT NULL REFERENCES resources (sequence),
    member INTEGER NOT NULL REFERENCES resources (sequence),
    UNIQUE (holder, member)
);

CREATE INDEX memberships_in_order ON memberships (holder, place);
CREATE INDEX memberships_by_member ON memberships (member);

-- How many resources there are in each stretch of sequences, so that neither the total of a list nor the start
-- of a page deep in it is counted out one by one.
CREATE TABLE blocks (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    block INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind, block, shard)
) WITHOUT ROWID;
