/**
 * Node has `navigator` since version 21. Packages of the bundle read it to ask whether they run on Cloudflare. Without
 * it, pg finds out by creating a `Response`, for which Node 20 loads its whole HTTP client: a twentieth of every
 * command's start.
 */
export const navigator = globalThis.navigator ?? { userAgent: `Node.js/${process.versions.node.split('.')[0]}` };
