// client.js: the vendor's client sends real requests. Standard input: one JSON object
//   {"endpoint": URL, "access": KEY, "secret": KEY, "project": ID or none, "token": security token or none,
//    "calls": [{"method", "url", "query", "data", "headers", "skew": ms that its clock is wrong by}]}
// Standard output: a JSON list with, for each call, {"status", "body"}, or {"status", "code", "message"} of what the
// client throws. Run in the directory that holds node_modules.
"use strict";

const fs = require("fs");
const load = require("module").createRequire(process.cwd() + "/");
const core = load("@huaweicloud/huaweicloud-sdk-core");
// Not ClientBuilder, which does the same: it needs a package that theirs forgets to ask for.
const { HcClient } = load("@huaweicloud/huaweicloud-sdk-core/HcClient");
const { DefaultHttpClient } = load("@huaweicloud/huaweicloud-sdk-core/http/DefaultHttpClient");

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const real = Date.now;
const RealDate = Date;

// What the client takes for the time of day.
function setClock(skew) {
	global.Date = class extends RealDate {
		constructor(...args) {
			super(...(args.length > 0 ? args : [real() + skew]));
		}
		static now() {
			return real() + skew;
		}
	};
}

async function main() {
	const order = JSON.parse(fs.readFileSync(0, "utf8"));
	const credential = new core.BasicCredentials({
		ak: order.access, sk: order.secret, projectId: order.project, securityToken: order.token,
	});
	const endpoints = [order.endpoint];
	const client = new HcClient(new DefaultHttpClient({ logger: silent }, endpoints), {})
		.withEndpoints(endpoints).withCredential(credential);
	const results = [];
	for (const call of order.calls) {
		setClock(call.skew || 0);
		try {
			const { httpStatusCode, ...body } = await client.sendRequest({
				method: call.method,
				url: call.url,
				pathParams: {},
				queryParams: call.query || {},
				contentType: call.data ? "application/json;charset=UTF-8" : undefined,
				headers: call.headers || {},
				data: call.data,
			});
			results.push({ status: httpStatusCode, body });
		} catch (e) {
			results.push({ status: e.httpStatusCode, code: e.errorCode, message: e.errorMsg || String(e) });
		}
	}
	process.stdout.write(JSON.stringify(results));
}

main();
