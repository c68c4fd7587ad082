-- Nexmark's queries for Flink, by name, over the views person, auction and bid. What each asks for: bench/nexmark says it in our words.

-- q0
SELECT auction, bidder, price, `dateTime`, extra FROM bid

-- q1
SELECT auction, bidder, 0.908 * price AS price, `dateTime`, extra FROM bid

-- q2
SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0

-- q3
SELECT P.name, P.city, P.state, A.id
FROM auction AS A JOIN person AS P ON A.seller = P.id
WHERE A.category = 10 AND P.state IN ('OR', 'ID', 'CA')

-- q4
SELECT category, AVG(final) AS `avg`
FROM (
  SELECT A.category, MAX(B.price) AS final
  FROM auction AS A JOIN bid AS B ON A.id = B.auction
  WHERE B.`dateTime` BETWEEN A.`dateTime` AND A.expires
  GROUP BY A.id, A.category
)
GROUP BY category

-- q5
WITH counts AS (
  SELECT auction, COUNT(*) AS num, window_start, window_end
  FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
  GROUP BY auction, window_start, window_end
)
SELECT C.auction, C.num, C.window_start, C.window_end
FROM counts AS C
JOIN (SELECT MAX(num) AS most, window_start, window_end FROM counts GROUP BY window_start, window_end) AS M
ON C.window_start = M.window_start AND C.window_end = M.window_end AND C.num >= M.most

-- q7
SELECT B.auction, B.price, B.bidder, B.`dateTime`, B.extra
FROM bid AS B
JOIN (
  SELECT MAX(price) AS highest, window_end
  FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
  GROUP BY window_start, window_end
) AS M
ON B.price = M.highest
WHERE B.`dateTime` BETWEEN M.window_end - INTERVAL '10' SECOND AND M.window_end

-- q8
SELECT P.id, P.name, P.window_start
FROM (
  SELECT id, name, window_start, window_end
  FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
  GROUP BY id, name, window_start, window_end
) AS P
JOIN (
  SELECT seller, window_start, window_end
  FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
  GROUP BY seller, window_start, window_end
) AS A
ON P.id = A.seller AND P.window_start = A.window_start AND P.window_end = A.window_end

-- q9
SELECT id, itemName, description, initialBid, reserve, `dateTime`, expires, seller, category, extra, auction, bidder, price, bid_dateTime, bid_extra
FROM (
  SELECT A.*, B.auction, B.bidder, B.price, B.`dateTime` AS bid_dateTime, B.extra AS bid_extra,
    ROW_NUMBER() OVER (PARTITION BY A.id ORDER BY B.price DESC, B.`dateTime` ASC) AS place
  FROM auction AS A JOIN bid AS B ON A.id = B.auction
  WHERE B.`dateTime` BETWEEN A.`dateTime` AND A.expires
)
WHERE place <= 1

-- q11
SELECT bidder, COUNT(*) AS bid_count, window_start, window_end
FROM TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
GROUP BY bidder, window_start, window_end

-- q12
SELECT bidder, COUNT(*) AS bid_count, window_start, window_end
FROM TABLE(TUMBLE(TABLE bid_by_clock, DESCRIPTOR(clock), INTERVAL '10' SECOND))
GROUP BY bidder, window_start, window_end

-- q13
SELECT B.auction, B.bidder, B.price, B.`dateTime`, S.`value`
FROM bid_by_clock AS B JOIN side FOR SYSTEM_TIME AS OF B.clock AS S ON MOD(B.auction, 10000) = S.`key`

-- q14
SELECT auction, bidder, 0.908 * price AS price,
  CASE
    WHEN HOUR(`dateTime`) >= 8 AND HOUR(`dateTime`) <= 18 THEN 'dayTime'
    WHEN HOUR(`dateTime`) <= 6 OR HOUR(`dateTime`) >= 20 THEN 'nightTime'
    ELSE 'otherTime'
  END AS bidTimeType,
  `dateTime`, extra, count_char(extra, 'c') AS c_counts
FROM bid
WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000

-- q15
SELECT DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day`, ${statistics}
FROM bid
GROUP BY DATE_FORMAT(`dateTime`, 'yyyy-MM-dd')

-- q16
SELECT channel, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day`, MAX(DATE_FORMAT(`dateTime`, 'HH:mm')) AS `minute`, ${statistics}
FROM bid
GROUP BY channel, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd')

-- q17
SELECT auction, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day`, ${ranks},
  MIN(price) AS min_price, MAX(price) AS max_price, AVG(price) AS avg_price, SUM(price) AS sum_price
FROM bid
GROUP BY auction, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd')

-- q18
SELECT auction, bidder, price, channel, url, `dateTime`, extra
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY `dateTime` DESC) AS place FROM bid)
WHERE place <= 1

-- q19
SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS rank_number FROM bid) WHERE rank_number <= 10

-- q20
SELECT B.auction, B.bidder, B.price, B.channel, B.url, B.`dateTime`, B.extra, A.itemName, A.description, A.initialBid, A.reserve,
  A.`dateTime` AS dateTime_of_auction, A.expires, A.seller, A.category, A.extra AS extra_of_auction
FROM bid AS B JOIN auction AS A ON B.auction = A.id
WHERE A.category = 10

-- q21
SELECT auction, bidder, price, channel,
  CASE
    WHEN LOWER(channel) = 'apple' THEN '0'
    WHEN LOWER(channel) = 'google' THEN '1'
    WHEN LOWER(channel) = 'facebook' THEN '2'
    WHEN LOWER(channel) = 'baidu' THEN '3'
    ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2)
  END AS channel_id
FROM bid
WHERE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL OR LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu')

-- q22
SELECT auction, bidder, price, channel, SPLIT_INDEX(url, '/', 3) AS dir1, SPLIT_INDEX(url, '/', 4) AS dir2, SPLIT_INDEX(url, '/', 5) AS dir3 FROM bid

-- q23
SELECT B.auction, B.bidder, B.price, B.channel, B.url, B.`dateTime`, B.extra,
  P.name, P.emailAddress, P.creditCard, P.city, P.state, P.`dateTime` AS dateTime_of_person, P.extra AS extra_of_person,
  A.id, A.itemName, A.description, A.initialBid, A.reserve, A.`dateTime` AS dateTime_of_auction, A.expires, A.category, A.extra AS extra_of_auction
FROM bid AS B JOIN person AS P ON B.bidder = P.id JOIN auction AS A ON B.bidder = A.seller
