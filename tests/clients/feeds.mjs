// What feed readers of npm say: the titles of what is on now, for East US and for Storage in East US, and the
// newest entry of each log.
import { createRequire } from "node:module";
const require = createRequire(`${process.cwd()}/`);
const address = process.argv[2];
const NOW = "/status/feed/";
const text = async (path) => (await fetch(address + path)).text();

const RssParser = require("rss-parser");
const { parseFeed } = require("@rowanmanning/feed-parser");
const FeedParser = require("feedparser");
const FeedMe = require("feedme");
const htmlparser2 = require("htmlparser2");
const rssToJson = require("rss-to-json");
const { extractFromXml } = await import("@extractus/feed-extractor");
const feedsmith = await import("feedsmith");

const stream = (body) =>
  new Promise((resolve, reject) => {
    const items = [];
    const parser = new FeedParser();
    parser.on("error", reject);
    parser.on("data", (item) => items.push(item));
    parser.on("end", () => resolve(items));
    parser.end(body);
  });
const feedme = (body) => {
  const parser = new FeedMe(true);
  parser.end(body);
  return parser.done().items;
};
const smith = (body) => {
  const { feed } = feedsmith.parseFeed(body);
  return feed.items ?? feed.entries;
};

const readers = {
  "rss-parser": async (path) => (await new RssParser().parseURL(address + path)).items,
  "@rowanmanning/feed-parser": async (path) => parseFeed(await text(path)).items,
  feedparser: async (path) => stream(await text(path)),
  feedme: async (path) => feedme(await text(path)) ?? [],
  htmlparser2: async (path) => htmlparser2.parseFeed(await text(path)).items,
  "rss-to-json": async (path) => (await rssToJson.parse(address + path)).items,
  "@extractus/feed-extractor": async (path) => extractFromXml(await text(path)).entries,
  feedsmith: async (path) => smith(await text(path)) ?? [],
};
const title = (item) => String(item.title?.text ?? item.title?.value ?? item.title);

const found = {};
for (const [name, read] of Object.entries(readers)) {
  const titles = async (path) => (await read(path)).map(title);
  found[name] = {
    now: await titles(NOW),
    east: await titles(`${NOW}?region=east-us`),
    storage: await titles(`${NOW}?service=storage&region=east-us`),
    rss: (await titles("/history.rss"))[0],
    atom: (await titles("/history.atom"))[0],
  };
}
console.log(JSON.stringify(found));
