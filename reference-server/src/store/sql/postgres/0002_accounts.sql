-- Accounts: the text holds all that hangs on one; the columns and the other tables are what it is found by.
CREATE TABLE accounts (
    id BIGINT PRIMARY KEY,
    tenant TEXT NOT NULL,
    resource UUID NOT NULL,
    administers BOOLEAN NOT NULL,
    text TEXT NOT NULL,
    CONSTRAINT accounts_resource UNIQUE (tenant, resource)
);

CREATE INDEX accounts_that_administer ON accounts (tenant) WHERE administers;

CREATE TABLE account_names (
    digest BYTEA PRIMARY KEY,
    account BIGINT NOT NULL
);

CREATE TABLE account_credentials (
    id BIGINT PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
);

CREATE INDEX account_credentials_by_account ON account_credentials (account);

-- What the groups are called whose doors open for their members.
CREATE TABLE account_groups (
    tenant TEXT NOT NULL,
    id UUID NOT NULL,
    name BYTEA NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- The ids of accounts: none is given twice.
CREATE SEQUENCE account_ids;
