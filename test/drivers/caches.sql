CREATE CACHE by_id FROM SELECT * FROM item WHERE id = $1;
CREATE CACHE all_names FROM SELECT id, name FROM item ORDER BY id;
CREATE CACHE per_flag FROM SELECT flag, count(*) AS n FROM item GROUP BY flag ORDER BY flag;
CREATE CACHE sum_big FROM SELECT sum(big) AS s FROM item;
