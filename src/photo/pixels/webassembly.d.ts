/** What the kernel uses of WebAssembly. Node's own types leave it out, and the browser's would bring in the DOM. */
declare namespace WebAssembly {
  class Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Module {
    readonly [Symbol.toStringTag]: string;
    constructor(bytes: Uint8Array);
  }
  class Instance {
    readonly exports: object;
    constructor(module: Module);
  }
}
