-- The tokens of identity providers; of each only a digest. Where it ends in 1970 it has ended at once, whatever
-- the clocks of the servers say. A configured one stays: it must not come back with the next start.
CREATE TABLE scim_tokens (
    tenant TEXT NOT NULL,
    id BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    configured BOOLEAN NOT NULL,
    created BIGINT NOT NULL,
    ends BIGINT,
    PRIMARY KEY (tenant, id)
);

CREATE INDEX scim_tokens_by_id ON scim_tokens (id);
