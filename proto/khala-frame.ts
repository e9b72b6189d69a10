/**
 * Frames of Khala: one message per frame, in binary (`khala.v1`) or, for a person who looks, in JSON
 * (`khala.v1+json`). Isomorphic: servers, Node and browsers read and write them with this file.
 */
export * from './khala-binary-frame.ts';
export { decodeJsonFrame, encodeJsonFrame } from './khala-json-frame.ts';
export * from './khala-message.ts';
