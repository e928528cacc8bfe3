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

  read(resource) {
    if (resource.id) {
      const found = this.#byId.get(resource.id);
      if (!found) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
      return found;
    }
    if (resource.filter) {
      const indexed = this.#lookUp(resource.filter);
      return indexed ?? resource.filter.match([...this.#byId.values()]);
    }
    // Only the page that is asked for goes through the library.
    const { startIndex = 1, count = 20 } = (resource.constraints ??= {});
    resource.constraints.totalResults = this.#byId.size;
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

  write(resource, data) {
    const now = new Date();
    const old = resource.id ? this.read(resource) : undefined;
    const id = old?.id ?? randomUUID();
    const plain = JSON.parse(JSON.stringify(data));
    const value = { ...plain, id, meta: { ...plain.meta, created: old?.meta.created ?? now, lastModified: now } };
    const taken = value.userName && this.#byKey.get(keyed("userName", undefined, value.userName));
    if (taken && taken.id !== id) throw new SCIMMY.Types.Error(409, "uniqueness", "The userName is taken");
    if (old) this.#forget(old);
    this.#byId.set(id, value);
    for (const key of this.#keysOf(value)) this.#byKey.set(key, value);
    return value;
  }

  remove(resource) {
    this.#forget(this.read(resource));
    this.#byId.delete(resource.id);
  }

  #forget(value) {
    for (const key of this.#keysOf(value)) this.#byKey.delete(key);
  }

  #keysOf(value) {
    return this.#keys.flatMap(([attribute, sub]) =>
      [value[attribute]].flat().filter((part) => part !== undefined).map((part) => keyed(attribute, sub, sub ? part[sub] : part)),
    );
  }

  #lookUp(filter) {
    if (filter.length !== 1 || Object.keys(filter[0]).length !== 1) return undefined;
    const [attribute, condition] = Object.entries(filter[0])[0];
    const [sub, [operator, wanted]] = Array.isArray(condition) ? [undefined, condition] : Object.entries(condition)[0];
    const indexed = this.#keys.some(([name, part]) => name === attribute && part === sub);
    if (!indexed || operator !== "eq") return undefined;
    const found = this.#byKey.get(keyed(attribute, sub, wanted));
    return found ? [found] : [];
  }
}

const keyed = (attribute, sub, value) => `${attribute}.${sub ?? ""} ${String(value).toLowerCase()}`;

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
const server = app.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/scim`));
