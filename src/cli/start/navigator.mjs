/**
 * What Node has had since version 21, for packages of the bundle that ask whether they run on Cloudflare: without it, pg
 * finds out by making a `Response`, for which Node 20 loads its whole HTTP client, a twentieth of every command's start.
 */
export const navigator = globalThis.navigator ?? { userAgent: `Node.js/${process.versions.node.split('.')[0]}` };
