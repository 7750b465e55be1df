/** The globals of the language, as far as any version of Node has them. */
export const LANGUAGE_GLOBALS: readonly string[] = words(`
  Object Function Array Number Boolean String Symbol BigInt Date RegExp Promise Proxy Reflect JSON Math
  Intl Atomics WebAssembly Iterator Temporal Error AggregateError SuppressedError EvalError RangeError
  ReferenceError SyntaxError TypeError URIError Map Set WeakMap WeakSet WeakRef FinalizationRegistry
  DisposableStack AsyncDisposableStack ArrayBuffer SharedArrayBuffer DataView Int8Array Uint8Array
  Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float16Array
  Float32Array Float64Array parseFloat parseInt isFinite isNaN eval escape unescape decodeURI
  decodeURIComponent encodeURI encodeURIComponent
`);

/** Globals of Node that are there from the start: to look at them loads nothing. */
export const NODE_GLOBALS: readonly string[] = words(`
  setTimeout clearTimeout setInterval clearInterval setImmediate clearImmediate queueMicrotask
  structuredClone fetch atob btoa Buffer URL URLSearchParams Event EventTarget CustomEvent AbortController
  AbortSignal DOMException TextEncoder TextDecoder
`);

/** Globals of Node that are loaded when first looked at, some in tens of milliseconds. */
export const LAZY_GLOBALS: ReadonlySet<string> = new Set(
  words(`
  Blob File FormData Headers Request Response WebSocket EventSource CloseEvent MessageEvent ErrorEvent
  BroadcastChannel MessageChannel MessagePort Crypto CryptoKey SubtleCrypto Navigator URLPattern Storage
  LockManager Performance PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver
  PerformanceObserverEntryList PerformanceResourceTiming QuotaExceededError ReadableStream
  ReadableStreamDefaultReader ReadableStreamBYOBReader ReadableStreamBYOBRequest
  ReadableByteStreamController ReadableStreamDefaultController TransformStream
  TransformStreamDefaultController WritableStream WritableStreamDefaultController
  WritableStreamDefaultWriter ByteLengthQueuingStrategy CountQueuingStrategy TextEncoderStream
  TextDecoderStream CompressionStream DecompressionStream
`),
);

/** Globals that are the one object of their class: the class's name, and where the object is. */
export const SINGLETONS: ReadonlyMap<string, string> = new Map([
  ['Performance', 'performance'],
  ['Crypto', 'crypto'],
  ['SubtleCrypto', 'crypto.subtle'],
  ['Navigator', 'navigator'],
]);

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
