-- What a front keeps beyond resources and accounts: texts under names, and a version for all of a tenant's.
CREATE TABLE notebooks (tenant TEXT PRIMARY KEY, version BIGINT NOT NULL);

CREATE TABLE notes (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
);
