-- Accounts: the text holds all that hangs on one; the columns and the other tables are what it is found by.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    resource BLOB NOT NULL,
    administers INTEGER NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (tenant, resource)
);

CREATE INDEX accounts_that_administer ON accounts (tenant) WHERE administers;

CREATE TABLE account_names (
    digest BLOB PRIMARY KEY,
    account INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE account_credentials (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
);

CREATE INDEX account_credentials_by_account ON account_credentials (account);

-- What the groups are called whose doors open for their members.
CREATE TABLE account_groups (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    name BLOB NOT NULL,
    PRIMARY KEY (tenant, id)
) WITHOUT ROWID;

-- The id that was given last: none is given twice.
CREATE TABLE account_ids (last INTEGER NOT NULL);

INSERT INTO account_ids (last) VALUES (0);
