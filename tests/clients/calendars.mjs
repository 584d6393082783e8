// What calendar readers of npm say of planned maintenance: summary, beginning, end and status of each event.
import { createRequire } from "node:module";
const require = createRequire(`${process.cwd()}/`);
const body = await (await fetch(`${process.argv[2]}/maintenance.ics`)).text();

const ICAL = require("ical.js").default ?? require("ical.js");
const nodeIcal = require("node-ical");
const ical2json = await import("ical2json");

const utc = (date) => new Date(date).toISOString().slice(0, 16);
const compact = (value) => value.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d).*$/, "$1-$2-$3T$4:$5");

const parsed = new ICAL.Component(ICAL.parse(body));
const found = {
  "ical.js": parsed.getAllSubcomponents("vevent").map((one) => {
    const event = new ICAL.Event(one);
    const times = [event.startDate, event.endDate].map((at) => utc(at.toJSDate()));
    return [event.summary, ...times, one.getFirstPropertyValue("status")];
  }),
  "node-ical": Object.values(nodeIcal.sync.parseICS(body))
    .filter((one) => one.type === "VEVENT")
    .map((one) => [one.summary, utc(one.start), utc(one.end), one.status]),
  ical2json: ical2json.convert(body).VCALENDAR[0].VEVENT.map((one) => [
    one.SUMMARY.replaceAll("\\", ""), compact(one.DTSTART), compact(one.DTEND), one.STATUS,
  ]),
};
console.log(JSON.stringify(found));
