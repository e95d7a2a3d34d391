CREATE TABLE things (
    id BIGINT PRIMARY KEY,
    title TEXT,
    data BYTEA,
    flag BOOLEAN,
    weight DOUBLE PRECISION,
    price NUMERIC(20, 2),
    at TIMESTAMP,
    day DATE,
    parent BIGINT REFERENCES things (id),
    "100% ""odd""" INTEGER,
    key UUID,
    moment TIMESTAMP WITH TIME ZONE
);
CREATE TABLE words (
    word VARCHAR(20) NOT NULL PRIMARY KEY,
    thing BIGINT REFERENCES things (id)
);
CREATE TABLE loose (note TEXT);
