// sign_cases.js SEED COUNT DIR: has the vendor's own client sign COUNT random requests, up to where it would write
// to the network, and writes into DIR
//   cases.tsv     what our signer is given, with the URL as the vendor's transport would send it
//   escaped.tsv   the same, every byte of path and query percent-encoded
//   expected.tsv  what it has to say
//   counts.json   how many of the cases have which property
//   deviations.json  what the vendor's signer makes of requests that it signs in another way than it sends them
// Run in the directory that holds node_modules.
//
// What is not drawn, as the vendor's transport sends something else than was signed, or nothing:
//   - path segments "." and "..", an empty first segment, "//" at the end: taken out before sending
//   - control characters, blanks at the end of a path: taken out before sending
//   - % ? # \ and " ' < > ^ ` { | } and blank in a path: the first four mean something there, the others are
//     escaped by url.parse() before the signer escapes them, so that it signs %2520 where %20 is sent. No request
//     of DRS or IAM has them. See deviations.json.
//   - the scheme's own port, written out: the vendor signs and sends it, we do neither
//   - names or values with U+E000 to U+FFFF: JavaScript sorts them before U+10000 and up, everybody else behind
"use strict";

const fs = require("fs");
const path = require("path");
const load = require("module").createRequire(process.cwd() + "/");
const core = load("@huaweicloud/huaweicloud-sdk-core");
const { AKSKSigner } = load("@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner");
const { HcClient } = load("@huaweicloud/huaweicloud-sdk-core/HcClient");
const { DefaultHttpClient } = load("@huaweicloud/huaweicloud-sdk-core/http/DefaultHttpClient");

// ---- chance ----

let state = Number(process.argv[2]);

function random() { // mulberry32
	state = (state + 0x6d2b79f5) | 0;
	let t = Math.imul(state ^ (state >>> 15), 1 | state);
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(random() * n);
const chance = (p) => random() < p;
const pick = (list) => list[below(list.length)];

const UNRESERVED = [..."ABCXYZabcxyz0123456789-._~"];
const IN_PATH = [..."!$&()*+,;=:@[]"];
const IN_QUERY = [..." !\"#$%&'()*+,/:;<=>?@[\\]^`{|}\t\n\0\x7f"];
const WIDE = [..."\u0080üßÿĀжא\u07ff\u0800ह한日本€\ud7ff", "\u{10000}", "😀", "𝄞", "\u{10ffff}"];
const LOWER = [..."abcdefghijklmnopqrstuvwxyz"];
const HEX = [..."0123456789abcdef"];
const KEY = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"];
const BASE64 = [...KEY, ...LOWER, "+", "/"];

const some = (list, n) => Array.from({ length: n }, () => pick(list)).join("");
const text = (special, n) =>
	Array.from({ length: n }, () => pick(pick([UNRESERVED, UNRESERVED, special, WIDE]))).join("");

// ---- requests ----

function drawEndpoint() {
	const label = () => some([...LOWER, ...KEY], 1 + below(8));
	const host = pick([
		() => "drs." + pick(["eu-de.otc.t-systems.com", "cn-north-4.myhuaweicloud.com"]),
		() => label() + "." + some(LOWER, 2 + below(4)),
		() => [10, below(256), below(256), below(256)].join("."),
		() => "[2001:db8::" + some(HEX, 4) + "]",
	])();
	const scheme = pick(["https", "https", "https", "http"]);
	let port = chance(0.3) ? 1 + below(65535) : 0;
	if (port === (scheme === "https" ? 443 : 80))
		port = 0;
	return scheme + "://" + host + (port ? ":" + port : "") + (chance(0.1) ? "/base/v" + below(9) : "");
}

function drawSegment() {
	for (;;) {
		const s = chance(0.5) ? some([...LOWER, "-"], 1 + below(12)) : text(IN_PATH, 1 + below(10));
		if (s !== "." && s !== "..")
			return s;
	}
}

function drawPath(project) {
	const segments = Array.from({ length: below(6) }, drawSegment);
	if (project && chance(0.5))
		segments.unshift("v3", "{project_id}", "jobs");
	if (segments.length > 1 && chance(0.05))
		segments.splice(1, 0, "");
	return "/" + segments.join("/") + (segments.length > 0 && chance(0.1) ? "/" : "");
}

function drawQuery() {
	const query = {};
	for (let n = chance(0.4) ? 0 : 1 + below(6); n > 0; n--) {
		const name = chance(0.6) ? some([...LOWER, "_"], 1 + below(8)) : text(IN_QUERY, below(6));
		query[name] = pick([
			() => some(LOWER, 1 + below(8)),
			() => text(IN_QUERY, below(12)),
			() => below(1000),
			() => chance(0.5),
			() => "",
			() => Array.from({ length: below(5) }, () => text(IN_QUERY, below(4))),
			() => { const v = text(IN_QUERY, 2); return [v, v, ""]; },
		])();
	}
	return query;
}

function drawValue(depth) {
	return pick([
		() => text([...IN_QUERY, "\u2028", "\ufeff"], below(20)),
		() => below(1e6) / pick([1, 3, 1e9]),
		() => pick([true, false, null]),
		() => depth > 0 ? Array.from({ length: below(4) }, () => drawValue(depth - 1)) : [],
		() => depth > 0 ? drawObject(depth - 1) : {},
	])();
}

function drawObject(depth) {
	return Object.fromEntries(Array.from({ length: below(5) },
		() => [some(LOWER, 1 + below(6)) + (chance(0.2) ? pick(WIDE) : ""), drawValue(depth)]));
}

const drawTime = () => 1500000000000 + below(1000000000) * 1000; // 2017 to 2049

function draw() {
	const method = pick(["GET", "GET", "POST", "POST", "PUT", "DELETE", "PATCH", "HEAD"]);
	const project = chance(0.7) ? some(HEX, 32) : undefined;
	const data = method === "GET" || method === "HEAD" || chance(0.25) ? undefined
		: pick([
			() => ({ jobs: [{ job_id: some(HEX, 36), precheck_mode: "forStartJob" }] }),
			() => drawObject(3),
		])();
	return {
		endpoint: drawEndpoint(),
		credential: new core.BasicCredentials({
			ak: some(KEY, 20),
			sk: chance(0.1) ? text(IN_PATH, 1 + below(80)) : some(BASE64, 40),
			projectId: project,
			securityToken: chance(0.4) ? some(BASE64, 4 * (1 + below(500))) + "==" : undefined,
		}),
		options: {
			method,
			url: drawPath(project),
			pathParams: {},
			queryParams: drawQuery(),
			data,
			contentType: data || chance(0.2)
				? pick(["application/json", "application/json;charset=UTF-8", "application/json",
					"text/plain"])
				: undefined,
			headers: chance(0.3) ? { "X-Language": pick(["en-us", "zh-cn"]) } : {},
		},
		wall: drawTime(),
	};
}

// ---- the vendor's client, stopped where it would write to the network ----

const silent = { debug() {}, info() {}, warn() {}, error() {} };
let canonical, written;

const build = AKSKSigner.buildCanonicalRequest;
AKSKSigner.buildCanonicalRequest = function (...lines) {
	canonical = build.apply(this, lines);
	return canonical;
};

class Written extends Error {}
const transport = {
	request(options) {
		written = options;
		throw new Written("not sent");
	},
};

async function sign({ endpoint, credential, options, wall }) {
	const date = new Date(wall).toISOString().replace(/[-:]|\.\d+/g, "");
	const http = new DefaultHttpClient({ logger: silent }, [endpoint]);
	const client = new HcClient(http, {}).withEndpoints([endpoint]).withCredential(credential);
	options = { ...options, headers: { ...options.headers, "X-Sdk-Date": date }, axiosRequestConfig: { transport } };
	canonical = written = undefined;
	const failure = await client.sendRequest(options).catch((e) => e);
	if (!written)
		throw new Error(`not even begun: ${endpoint} ${JSON.stringify(options)}`, { cause: failure });
	const sent = Object.fromEntries(Object.entries({ ...written.headers }).map(([k, v]) => [k.toLowerCase(), v]));
	const authorization = sent.authorization;
	const headers = {};
	for (const name of /SignedHeaders=([^,]*),/.exec(authorization)[1].split(";"))
		headers[name] = sent[name];
	// As the vendor's transport sends it: that and nothing else must be what it signed.
	for (const [name, value] of Object.entries(headers))
		if (!canonical.includes(`\n${name}:${value}\n`))
			throw new Error(`${name} is signed, but ${value} is sent:\n${canonical}`);
	return { date, authorization, canonical, headers, target: written.path, data: options.data };
}

// ---- what is written down ----

const hex = (s) => Buffer.from(s, "utf8").toString("hex");

// Every byte of segments, names and values as "%xx".
function escaped(target) {
	const all = (s) => decodeURIComponent(s).split("/").map(
		(part) => hex(part).replace(/../g, "%$&")).join("%2f");
	const [segments, query] = target.split(/\?(.*)/s);
	return segments.split("/").map(all).join("/") +
		(query === undefined ? "" : "?" + query.split("&").map(
			(pair) => pair.split("=").map(all).join("=")).join("&"));
}

// Seen by us as the transport's headers, in any order; Host and the date our signer adds by itself.
function fields(c, signed, target) {
	const headers = Object.entries(signed.headers).filter(([name]) => name !== "host" && name !== "x-sdk-date");
	for (let i = headers.length - 1; i > 0; i--) {
		const j = below(i + 1);
		[headers[i], headers[j]] = [headers[j], headers[i]];
	}
	const origin = /^https?:\/\/[^/]*/.exec(c.endpoint)[0];
	return [c.options.method, origin + target, signed.data ? hex(JSON.stringify(signed.data)) : "-", c.wall,
		c.credential.ak, hex(c.credential.sk), ...headers.map(([name, value]) => `${name}: ${value}`)].join("\t");
}

function count(counts, c, signed) {
	const [names, values] = [Object.keys(c.options.queryParams), Object.values(c.options.queryParams)];
	const query = signed.canonical.split("\n")[2];
	const wide = (s) => /[^\x00-\x7f]/.test(s);
	const is = {
		"path with UTF-8": wide(c.options.url),
		"path with other characters": /[!$&()*+,;=:@[\]]/.test(c.options.url),
		"empty path": c.options.url === "/",
		"path that ends in a slash": /.\/$/.test(c.options.url),
		"no query": query === "",
		"name given more than once": values.some((v) => Array.isArray(v) && v.length > 1),
		"empty value": /=(&|$)/.test(query),
		"empty name": names.includes(""),
		"name with UTF-8": names.some(wide),
		"value with UTF-8": values.some((v) => wide(String(v))),
		"value with a plus": values.some((v) => String(v).includes("+")),
		"sorted differently if by encoded names":
			query !== query.split("&").sort((a, b) => (a.split("=")[0] < b.split("=")[0] ? -1 : 1)).join("&"),
		"no body": !signed.data,
		"body with UTF-8": wide(JSON.stringify(signed.data) || ""),
		"unsigned payload": "x-sdk-content-sha256" in signed.headers,
		"content-type": "content-type" in signed.headers,
		"security token": "x-security-token" in signed.headers,
		"project": "x-project-id" in signed.headers,
		"port": /:\d+$/.test(signed.headers.host),
		"IPv6": signed.headers.host.startsWith("["),
		"key longer than a block": Buffer.byteLength(c.credential.sk) > 64,
	};
	for (const [what, yes] of Object.entries(is))
		counts[what] = (counts[what] || 0) + (yes ? 1 : 0);
}

async function deviate(endpoint, url) {
	const signed = await sign({
		endpoint,
		credential: new core.BasicCredentials({ ak: "AK", sk: "SK" }),
		options: { method: "GET", url, pathParams: {}, headers: {} },
		wall: drawTime(),
	});
	const lines = signed.canonical.split("\n");
	return { endpoint, url, sent: signed.target, host: signed.headers.host, signed: lines[1] };
}

async function main() {
	const [total, dir] = [Number(process.argv[3]), process.argv[4]];
	const files = { "cases.tsv": [], "escaped.tsv": [], "expected.tsv": [] };
	const counts = {}, deviations = [];
	for (let i = 0; i < total; i++) {
		const c = draw();
		const signed = await sign(c);
		files["cases.tsv"].push(fields(c, signed, signed.target));
		files["escaped.tsv"].push(fields(c, signed, escaped(signed.target)));
		files["expected.tsv"].push([signed.authorization, signed.date, signed.headers.host,
			hex(signed.canonical)].join("\t"));
		count(counts, c, signed);
	}
	for (const c of [..."\"'<>^`{|} "])
		deviations.push(await deviate("https://h.example", `/a${c}b`));
	deviations.push(await deviate("https://h.example", "/a%20b"), await deviate("https://h.example", "/a%2Fb"),
		await deviate("https://h.example:443", "/a"), await deviate("http://h.example:80", "/a"));
	for (const [name, lines] of Object.entries(files))
		fs.writeFileSync(path.join(dir, name), lines.map((l) => l + "\n").join(""));
	fs.writeFileSync(path.join(dir, "counts.json"), JSON.stringify(counts, null, 1));
	fs.writeFileSync(path.join(dir, "deviations.json"), JSON.stringify(deviations, null, 1));
}

main().catch((e) => {
	console.error(e);
	process.exit(1);
});
