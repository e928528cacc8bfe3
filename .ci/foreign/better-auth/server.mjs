// A SCIM server with @better-auth/scim as its documentation sets it up, everything in memory. The token comes in
// SCIM_TOKEN; the base URL goes to standard output.

import { createServer } from "node:http";
import { scim } from "@better-auth/scim";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";

const tables = {
  user: [],
  session: [],
  account: [],
  verification: [],
};
const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const origin = `http://127.0.0.1:${server.address().port}`;

const auth = betterAuth({
  baseURL: origin,
  secret: "only for a server that lives as long as a test",
  database: memoryAdapter(tables),
  logger: { level: "error" },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  emailAndPassword: { enabled: true },
  plugins: [
    scim({
      connections: [{ id: "scimspec", credentials: [{ id: "first", token: process.env.SCIM_TOKEN }] }],
    }),
  ],
});
const context = await auth.$context;
for (const table of Object.keys(context.tables ?? {})) tables[table] ??= [];
server.on("request", toNodeHandler(auth));
console.log(`${origin}/api/auth/scim/v2`);
