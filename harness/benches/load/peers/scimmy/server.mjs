// A SCIM server with scimmy-routers and handlers that do as little as they can: everything in memory, found by id or by
// an index where an identity provider looks. So what is measured is the library, not this file. With express 4: under
// express 5, scimmy-routers 1.3.2 does not get to read startIndex and count. The token comes in SCIM_LOAD_TOKEN; the URL
// goes to standard output.

import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

class Shelf {
  #byId = new Map();
  #byKey = new Map();
  #keys;

  // `keys`: what of a resource is looked up by, as [attribute, sub-attribute or nothing].
  constructor(keys) {
    this.#keys = keys;
  }

  // Copies: the library changes what it is given.
  read(resource) {
    return structuredClone(resource.id ? this.#stored(resource.id) : this.#found(resource));
  }

  write(resource, data) {
    const now = new Date();
    const old = resource.id ? this.#stored(resource.id) : undefined;
    const id = old?.id ?? randomUUID();
    const plain = JSON.parse(JSON.stringify(data));
    const value = { ...plain, id, meta: { ...plain.meta, created: old?.meta.created ?? now, lastModified: now } };
    const same = (value.userName && this.#byKey.get(keyed("userName", undefined, value.userName))) || [];
    if ([...same].some((other) => other !== id)) throw new SCIMMY.Types.Error(409, "uniqueness", "The userName is taken");
    if (old) this.#forget(old);
    this.#byId.set(id, value);
    for (const key of this.#keysOf(value)) {
      if (!this.#byKey.has(key)) this.#byKey.set(key, new Set());
      this.#byKey.get(key).add(id);
    }
    return structuredClone(value);
  }

  remove(resource) {
    this.#forget(this.#stored(resource.id));
    this.#byId.delete(resource.id);
  }

  #stored(id) {
    const found = this.#byId.get(id);
    if (!found) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
    return found;
  }

  #found(resource) {
    const all = () => [...this.#byId.values()];
    if (resource.filter) return this.#lookUp(resource.filter) ?? resource.filter.match(all());
    const { sortBy, startIndex = 1, count = 20 } = (resource.constraints ??= {});
    // The library sorts, and cuts off what is before startIndex unless it gets fewer than that. Where neither would spoil
    // it, only the page that is asked for goes through the library.
    if (sortBy !== undefined || (startIndex > 1 && count >= startIndex)) return all();
    resource.constraints.totalResults = this.#byId.size;
    return this.#page(startIndex, count);
  }

  #page(startIndex, count) {
    const page = [];
    let index = 0;
    for (const value of this.#byId.values()) {
      index += 1;
      if (index < startIndex) continue;
      if (page.length === count) break;
      page.push(value);
    }
    return page;
  }

  #forget(value) {
    for (const key of this.#keysOf(value)) {
      const ids = this.#byKey.get(key);
      ids?.delete(value.id);
      if (ids?.size === 0) this.#byKey.delete(key);
    }
  }

  #keysOf(value) {
    return this.#keys.flatMap(([attribute, sub]) =>
      [value[attribute]].flat().filter((part) => part != null).map((part) => keyed(attribute, sub, sub ? part[sub] : part)),
    );
  }

  #lookUp(filter) {
    if (filter.length !== 1 || Object.keys(filter[0]).length !== 1) return undefined;
    const [attribute, condition] = Object.entries(filter[0])[0];
    const [sub, [operator, wanted]] = Array.isArray(condition) ? [undefined, condition] : Object.entries(condition)[0];
    const indexed = this.#keys.some(([name, part]) => name === attribute && part === sub);
    if (!indexed || operator !== "eq") return undefined;
    return [...(this.#byKey.get(keyed(attribute, sub, wanted)) ?? [])].map((id) => this.#byId.get(id));
  }
}

// externalId alone is caseExact.
const keyed = (attribute, sub, value) =>
  `${attribute}.${sub ?? ""} ${attribute === "externalId" ? value : String(value).toLowerCase()}`;

const declare = (type, shelf) =>
  SCIMMY.Resources.declare(type, {
    ingress: (resource, data) => shelf.write(resource, data),
    egress: (resource) => shelf.read(resource),
    degress: (resource) => shelf.remove(resource),
  });

declare(SCIMMY.Resources.User, new Shelf([["userName"], ["externalId"], ["emails", "value"]]));
declare(SCIMMY.Resources.Group, new Shelf([["displayName"]]));

const expected = `Bearer ${process.env.SCIM_LOAD_TOKEN}`;
const app = express();
app.use(
  "/scim",
  new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
      if (request.header("Authorization") !== expected) throw new Error("The token is wrong");
      return "load";
    },
  }),
);
// The library hands on what it has answered with 500; left to express, it would cost the connection.
app.use((error, request, response, next) => (response.headersSent ? undefined : next(error)));
const server = app.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/scim`));
// A busy server sees that five seconds have passed before it sees the request that came within them.
server.keepAliveTimeout = 120_000;
