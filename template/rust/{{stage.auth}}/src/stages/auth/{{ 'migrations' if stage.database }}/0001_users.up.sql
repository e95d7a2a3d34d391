CREATE TABLE auth_users (
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    scopes TEXT NOT NULL,
    PRIMARY KEY (name)
);
