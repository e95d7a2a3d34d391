DROP TABLE loose;
DROP TABLE words;
DROP TABLE things;
