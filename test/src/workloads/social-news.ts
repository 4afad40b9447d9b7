import type { Workload } from "./workload.ts";

const UNIT = { users: 10_000, stories: 20_000, comments: 80_000, votes: 400_000 } as const;

function sizes(scale: number): { users: number; stories: number; comments: number; votes: number } {
  const rows = (unit: number): number => Math.max(20, Math.round(unit * scale));
  return {
    users: rows(UNIT.users),
    stories: rows(UNIT.stories),
    comments: rows(UNIT.comments),
    votes: rows(UNIT.votes),
  };
}

/** A Zipf-like key between 1 and `range`: small numbers are popular. */
function popular(key: string, salt: string, range: number): string {
  return `1 + floor(power(((hashint8extended((${key})::int8, hashtext('${salt}')::int8) & 1048575) / 1048576.0)::float8, 3) * ${range})::int`;
}

const storyScore =
  "SELECT story_id, count(*) FILTER (WHERE up) - count(*) FILTER (WHERE NOT up) AS score FROM votes GROUP BY story_id";

/** A site of stories, votes and comments: counting, ranking, threads and feeds. */
export const socialNews: Workload = {
  name: "Social news",
  origin:
    "An own workload in the manner of news sites: users, stories, tagged and nested comments, up and down votes with popular targets.",
  schema: [
    "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, karma int NOT NULL DEFAULT 0, joined timestamptz NOT NULL, banned bool NOT NULL DEFAULT false)",
    "CREATE TABLE stories (id int PRIMARY KEY, author_id int NOT NULL, title text NOT NULL, url text, tags text[] NOT NULL, created timestamptz NOT NULL, hidden bool NOT NULL DEFAULT false)",
    "CREATE TABLE comments (id int PRIMARY KEY, story_id int NOT NULL, author_id int NOT NULL, parent_id int, body text NOT NULL, created timestamptz NOT NULL)",
    "CREATE TABLE votes (story_id int, user_id int, up bool NOT NULL, PRIMARY KEY (story_id, user_id))",
    "CREATE INDEX ON comments (story_id)",
    "CREATE INDEX ON stories (author_id)",
    "CREATE VIEW visible_stories AS SELECT s.* FROM stories s JOIN users u ON u.id = s.author_id WHERE NOT s.hidden AND NOT u.banned",
  ],
  data: (scale) => {
    const { users, stories, comments, votes } = sizes(scale);
    return [
      `INSERT INTO users SELECT u, 'user ' || u, u % 500, timestamptz '2024-01-01 00:00:00+00' + u * interval '1 minute', u % 97 = 0 FROM generate_series(1, ${users}) u`,
      `INSERT INTO stories SELECT s, ${popular("s", "author", users)}, 'story ' || s, CASE WHEN s % 3 > 0 THEN 'https://site' || s % 50 || '.example/' || s END,
         ARRAY['tag' || s % 7, 'tag' || s % 11], timestamptz '2024-06-01 00:00:00+00' + s * interval '90 seconds', s % 53 = 0 FROM generate_series(1, ${stories}) s`,
      `INSERT INTO comments SELECT c, ${popular("c", "story", stories)}, ${popular("c", "by", users)}, NULL, 'comment ' || c, timestamptz '2024-06-01 00:00:00+00' + c * interval '30 seconds'
         FROM generate_series(1, ${comments}) c`,
      "UPDATE comments c SET parent_id = (SELECT max(p.id) FROM comments p WHERE p.story_id = c.story_id AND p.id < c.id) WHERE c.id % 2 = 0",
      `INSERT INTO votes SELECT ${popular("v", "story", stories)}, 1 + v % ${users}, v % 5 > 0 FROM generate_series(1, ${votes}) v ON CONFLICT DO NOTHING`,
    ];
  },
  queries: [
    {
      name: "story with counts",
      order: [],
      text: `SELECT s.id, s.title, u.name, coalesce(v.score, 0) AS score, (SELECT count(*) FROM comments c WHERE c.story_id = s.id) AS comments
  FROM stories s JOIN users u ON u.id = s.author_id LEFT JOIN (${storyScore}) v ON v.story_id = s.id WHERE s.id = 1`,
    },
    {
      name: "front page",
      order: [2, 0],
      text: `SELECT s.id, s.title, coalesce(v.score, 0) AS score FROM visible_stories s LEFT JOIN (${storyScore}) v ON v.story_id = s.id ORDER BY score DESC, s.id LIMIT 30`,
    },
    {
      name: "newest",
      order: [0],
      text: "SELECT s.created, s.id, s.title FROM visible_stories s ORDER BY s.created DESC LIMIT 30",
    },
    {
      name: "comments of a story",
      order: [0],
      text: "SELECT c.id, c.parent_id, u.name, c.body FROM comments c JOIN users u ON u.id = c.author_id WHERE c.story_id = 3 ORDER BY c.id",
    },
    {
      name: "karma",
      order: [1, 0],
      text: `SELECT u.id, sum(v.score) AS karma FROM users u JOIN stories s ON s.author_id = u.id JOIN (${storyScore}) v ON v.story_id = s.id GROUP BY u.id ORDER BY karma DESC, u.id LIMIT 20`,
    },
    {
      name: "ranked per author",
      order: [],
      text: "SELECT * FROM (SELECT author_id, id, rank() OVER (PARTITION BY author_id ORDER BY created DESC) AS r FROM stories) x WHERE r <= 3",
    },
    {
      name: "stories without comments",
      order: [],
      text: "SELECT s.id FROM stories s WHERE NOT EXISTS (SELECT FROM comments c WHERE c.story_id = s.id)",
    },
    {
      name: "commenters who never wrote a story",
      order: [],
      text: "SELECT author_id FROM comments EXCEPT SELECT author_id FROM stories",
    },
    {
      name: "tags",
      order: [1, 0],
      text: "SELECT t.tag, count(*) AS stories FROM stories, unnest(tags) AS t(tag) WHERE NOT hidden GROUP BY t.tag ORDER BY stories DESC, t.tag",
    },
    {
      name: "last comment per story",
      order: [0],
      text: "SELECT DISTINCT ON (story_id) story_id, id, author_id FROM comments ORDER BY story_id, created DESC, id DESC",
    },
    {
      name: "thread",
      order: [],
      text: `WITH RECURSIVE thread AS (SELECT id, parent_id, 0 AS depth FROM comments WHERE story_id = 1 AND parent_id IS NULL
  UNION ALL SELECT c.id, c.parent_id, t.depth + 1 FROM comments c JOIN thread t ON t.id = c.parent_id) SELECT id, depth FROM thread`,
    },
    {
      name: "voters of a story",
      order: [],
      text: "SELECT string_agg(u.name, ', ' ORDER BY u.id) AS voters, count(*) FROM votes v JOIN users u ON u.id = v.user_id WHERE v.story_id = 2 AND v.up",
    },
    {
      name: "activity by day",
      order: [0],
      text: "SELECT (created AT TIME ZONE 'UTC')::date AS day, count(*) AS comments, count(DISTINCT author_id) AS people FROM comments GROUP BY 1 ORDER BY 1",
    },
  ],
  transaction: (number, scale) => {
    const { users, stories, comments, votes } = sizes(scale);
    const key = 1 + ((number * 7919) % stories);
    const vote = votes + number;
    switch (number % 6) {
      case 0:
      case 1:
        return [
          `INSERT INTO votes VALUES (${popular(String(vote), "story", stories)}, ${1 + ((number * 31) % users)}, ${number % 5 > 0}) ON CONFLICT (story_id, user_id) DO UPDATE SET up = NOT votes.up`,
        ];
      case 2:
        return [
          `INSERT INTO comments VALUES (${comments + 1 + number}, ${popular(String(number), "story", stories)}, ${popular(String(number), "by", users)}, ${(number * 13) % comments}, 'new ' || ${number}, timestamptz '2024-09-01 00:00:00+00' + ${number} * interval '1 second')`,
        ];
      case 3:
        return [
          `INSERT INTO stories VALUES (${stories + 1 + number}, ${1 + (number % users)}, 'fresh ' || ${number}, NULL, '{new}', timestamptz '2024-09-01 00:00:00+00' + ${number} * interval '1 second')`,
          `INSERT INTO votes VALUES (${stories + 1 + number}, ${1 + (number % users)}, true)`,
        ];
      case 4:
        return [
          `UPDATE stories SET hidden = NOT hidden, tags = tags || '{edited}'::text[] WHERE id = ${key}`,
          `UPDATE users SET banned = NOT banned WHERE id = ${1 + ((number * 17) % users)}`,
        ];
      default:
        return [
          `DELETE FROM votes WHERE story_id = ${key}`,
          `DELETE FROM comments WHERE id = ${1 + ((number * 101) % comments)}`,
        ];
    }
  },
};
