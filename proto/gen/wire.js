/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["default"] || ($protobuf.roots["default"] = {});

export const openagents = $root.openagents = (() => {

    /**
     * Namespace openagents.
     * @exports openagents
     * @namespace
     */
    const openagents = {};

    openagents.sync = (function() {

        /**
         * Namespace sync.
         * @memberof openagents
         * @namespace
         */
        const sync = {};

        sync.v1 = (function() {

            /**
             * Namespace v1.
             * @memberof openagents.sync
             * @namespace
             */
            const v1 = {};

            /**
             * TopicClass enum.
             * @name openagents.sync.v1.TopicClass
             * @enum {number}
             * @property {number} TOPIC_CLASS_UNSPECIFIED=0 TOPIC_CLASS_UNSPECIFIED value
             * @property {number} TOPIC_CLASS_RUN_SUMMARIES=1 TOPIC_CLASS_RUN_SUMMARIES value
             * @property {number} TOPIC_CLASS_CODEX_WORKER_SUMMARIES=2 TOPIC_CLASS_CODEX_WORKER_SUMMARIES value
             * @property {number} TOPIC_CLASS_NOTIFICATIONS=3 TOPIC_CLASS_NOTIFICATIONS value
             * @property {number} TOPIC_CLASS_RUN_EVENTS=4 TOPIC_CLASS_RUN_EVENTS value
             * @property {number} TOPIC_CLASS_CODEX_WORKER_EVENTS=5 TOPIC_CLASS_CODEX_WORKER_EVENTS value
             * @property {number} TOPIC_CLASS_TREASURY=6 TOPIC_CLASS_TREASURY value
             * @property {number} TOPIC_CLASS_AEGIS=7 TOPIC_CLASS_AEGIS value
             * @property {number} TOPIC_CLASS_SYSTEM=8 TOPIC_CLASS_SYSTEM value
             */
            v1.TopicClass = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "TOPIC_CLASS_UNSPECIFIED"] = 0;
                values[valuesById[1] = "TOPIC_CLASS_RUN_SUMMARIES"] = 1;
                values[valuesById[2] = "TOPIC_CLASS_CODEX_WORKER_SUMMARIES"] = 2;
                values[valuesById[3] = "TOPIC_CLASS_NOTIFICATIONS"] = 3;
                values[valuesById[4] = "TOPIC_CLASS_RUN_EVENTS"] = 4;
                values[valuesById[5] = "TOPIC_CLASS_CODEX_WORKER_EVENTS"] = 5;
                values[valuesById[6] = "TOPIC_CLASS_TREASURY"] = 6;
                values[valuesById[7] = "TOPIC_CLASS_AEGIS"] = 7;
                values[valuesById[8] = "TOPIC_CLASS_SYSTEM"] = 8;
                return values;
            })();

            /**
             * KhalaFrameKind enum.
             * @name openagents.sync.v1.KhalaFrameKind
             * @enum {number}
             * @property {number} KHALA_FRAME_KIND_UNSPECIFIED=0 KHALA_FRAME_KIND_UNSPECIFIED value
             * @property {number} KHALA_FRAME_KIND_CHALLENGE=1 KHALA_FRAME_KIND_CHALLENGE value
             * @property {number} KHALA_FRAME_KIND_HELLO=2 KHALA_FRAME_KIND_HELLO value
             * @property {number} KHALA_FRAME_KIND_WELCOME=3 KHALA_FRAME_KIND_WELCOME value
             * @property {number} KHALA_FRAME_KIND_SUBSCRIBE=4 KHALA_FRAME_KIND_SUBSCRIBE value
             * @property {number} KHALA_FRAME_KIND_SUBSCRIBED=5 KHALA_FRAME_KIND_SUBSCRIBED value
             * @property {number} KHALA_FRAME_KIND_UNSUBSCRIBE=6 KHALA_FRAME_KIND_UNSUBSCRIBE value
             * @property {number} KHALA_FRAME_KIND_UPDATE=7 KHALA_FRAME_KIND_UPDATE value
             * @property {number} KHALA_FRAME_KIND_UPDATE_BATCH=8 KHALA_FRAME_KIND_UPDATE_BATCH value
             * @property {number} KHALA_FRAME_KIND_CAUGHT_UP=9 KHALA_FRAME_KIND_CAUGHT_UP value
             * @property {number} KHALA_FRAME_KIND_SNAPSHOT_REQUIRED=10 KHALA_FRAME_KIND_SNAPSHOT_REQUIRED value
             * @property {number} KHALA_FRAME_KIND_HEARTBEAT=11 KHALA_FRAME_KIND_HEARTBEAT value
             * @property {number} KHALA_FRAME_KIND_ERROR=12 KHALA_FRAME_KIND_ERROR value
             * @property {number} KHALA_FRAME_KIND_RECONNECT=13 KHALA_FRAME_KIND_RECONNECT value
             * @property {number} KHALA_FRAME_KIND_TOKEN_REFRESH=14 KHALA_FRAME_KIND_TOKEN_REFRESH value
             */
            v1.KhalaFrameKind = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "KHALA_FRAME_KIND_UNSPECIFIED"] = 0;
                values[valuesById[1] = "KHALA_FRAME_KIND_CHALLENGE"] = 1;
                values[valuesById[2] = "KHALA_FRAME_KIND_HELLO"] = 2;
                values[valuesById[3] = "KHALA_FRAME_KIND_WELCOME"] = 3;
                values[valuesById[4] = "KHALA_FRAME_KIND_SUBSCRIBE"] = 4;
                values[valuesById[5] = "KHALA_FRAME_KIND_SUBSCRIBED"] = 5;
                values[valuesById[6] = "KHALA_FRAME_KIND_UNSUBSCRIBE"] = 6;
                values[valuesById[7] = "KHALA_FRAME_KIND_UPDATE"] = 7;
                values[valuesById[8] = "KHALA_FRAME_KIND_UPDATE_BATCH"] = 8;
                values[valuesById[9] = "KHALA_FRAME_KIND_CAUGHT_UP"] = 9;
                values[valuesById[10] = "KHALA_FRAME_KIND_SNAPSHOT_REQUIRED"] = 10;
                values[valuesById[11] = "KHALA_FRAME_KIND_HEARTBEAT"] = 11;
                values[valuesById[12] = "KHALA_FRAME_KIND_ERROR"] = 12;
                values[valuesById[13] = "KHALA_FRAME_KIND_RECONNECT"] = 13;
                values[valuesById[14] = "KHALA_FRAME_KIND_TOKEN_REFRESH"] = 14;
                return values;
            })();

            /**
             * SyncErrorCode enum.
             * @name openagents.sync.v1.SyncErrorCode
             * @enum {number}
             * @property {number} SYNC_ERROR_CODE_UNSPECIFIED=0 SYNC_ERROR_CODE_UNSPECIFIED value
             * @property {number} SYNC_ERROR_CODE_UNAUTHORIZED=1 SYNC_ERROR_CODE_UNAUTHORIZED value
             * @property {number} SYNC_ERROR_CODE_FORBIDDEN_TOPIC=2 SYNC_ERROR_CODE_FORBIDDEN_TOPIC value
             * @property {number} SYNC_ERROR_CODE_BAD_SUBSCRIPTION=3 SYNC_ERROR_CODE_BAD_SUBSCRIPTION value
             * @property {number} SYNC_ERROR_CODE_STALE_CURSOR=4 SYNC_ERROR_CODE_STALE_CURSOR value
             * @property {number} SYNC_ERROR_CODE_PAYLOAD_TOO_LARGE=5 SYNC_ERROR_CODE_PAYLOAD_TOO_LARGE value
             * @property {number} SYNC_ERROR_CODE_RATE_LIMITED=6 SYNC_ERROR_CODE_RATE_LIMITED value
             * @property {number} SYNC_ERROR_CODE_INTERNAL=7 SYNC_ERROR_CODE_INTERNAL value
             * @property {number} SYNC_ERROR_CODE_SLOW_CONSUMER=8 SYNC_ERROR_CODE_SLOW_CONSUMER value
             * @property {number} SYNC_ERROR_CODE_REAUTH_REQUIRED=9 SYNC_ERROR_CODE_REAUTH_REQUIRED value
             * @property {number} SYNC_ERROR_CODE_UPGRADE_REQUIRED=10 SYNC_ERROR_CODE_UPGRADE_REQUIRED value
             * @property {number} SYNC_ERROR_CODE_OVERLOADED=11 SYNC_ERROR_CODE_OVERLOADED value
             * @property {number} SYNC_ERROR_CODE_TOKEN_EXPIRED=12 SYNC_ERROR_CODE_TOKEN_EXPIRED value
             * @property {number} SYNC_ERROR_CODE_SERVER_DRAINING=13 SYNC_ERROR_CODE_SERVER_DRAINING value
             * @property {number} SYNC_ERROR_CODE_FORBIDDEN_ORIGIN=14 SYNC_ERROR_CODE_FORBIDDEN_ORIGIN value
             * @property {number} SYNC_ERROR_CODE_MALFORMED_FRAME=15 SYNC_ERROR_CODE_MALFORMED_FRAME value
             */
            v1.SyncErrorCode = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "SYNC_ERROR_CODE_UNSPECIFIED"] = 0;
                values[valuesById[1] = "SYNC_ERROR_CODE_UNAUTHORIZED"] = 1;
                values[valuesById[2] = "SYNC_ERROR_CODE_FORBIDDEN_TOPIC"] = 2;
                values[valuesById[3] = "SYNC_ERROR_CODE_BAD_SUBSCRIPTION"] = 3;
                values[valuesById[4] = "SYNC_ERROR_CODE_STALE_CURSOR"] = 4;
                values[valuesById[5] = "SYNC_ERROR_CODE_PAYLOAD_TOO_LARGE"] = 5;
                values[valuesById[6] = "SYNC_ERROR_CODE_RATE_LIMITED"] = 6;
                values[valuesById[7] = "SYNC_ERROR_CODE_INTERNAL"] = 7;
                values[valuesById[8] = "SYNC_ERROR_CODE_SLOW_CONSUMER"] = 8;
                values[valuesById[9] = "SYNC_ERROR_CODE_REAUTH_REQUIRED"] = 9;
                values[valuesById[10] = "SYNC_ERROR_CODE_UPGRADE_REQUIRED"] = 10;
                values[valuesById[11] = "SYNC_ERROR_CODE_OVERLOADED"] = 11;
                values[valuesById[12] = "SYNC_ERROR_CODE_TOKEN_EXPIRED"] = 12;
                values[valuesById[13] = "SYNC_ERROR_CODE_SERVER_DRAINING"] = 13;
                values[valuesById[14] = "SYNC_ERROR_CODE_FORBIDDEN_ORIGIN"] = 14;
                values[valuesById[15] = "SYNC_ERROR_CODE_MALFORMED_FRAME"] = 15;
                return values;
            })();

            /**
             * StaleReason enum.
             * @name openagents.sync.v1.StaleReason
             * @enum {number}
             * @property {number} STALE_REASON_UNSPECIFIED=0 STALE_REASON_UNSPECIFIED value
             * @property {number} STALE_REASON_RETENTION_EXPIRED=1 STALE_REASON_RETENTION_EXPIRED value
             * @property {number} STALE_REASON_COMPACTED=2 STALE_REASON_COMPACTED value
             * @property {number} STALE_REASON_REPLAY_BUDGET_EXCEEDED=3 STALE_REASON_REPLAY_BUDGET_EXCEEDED value
             * @property {number} STALE_REASON_CURSOR_AHEAD=4 STALE_REASON_CURSOR_AHEAD value
             * @property {number} STALE_REASON_LINEAGE_MISMATCH=5 STALE_REASON_LINEAGE_MISMATCH value
             */
            v1.StaleReason = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "STALE_REASON_UNSPECIFIED"] = 0;
                values[valuesById[1] = "STALE_REASON_RETENTION_EXPIRED"] = 1;
                values[valuesById[2] = "STALE_REASON_COMPACTED"] = 2;
                values[valuesById[3] = "STALE_REASON_REPLAY_BUDGET_EXCEEDED"] = 3;
                values[valuesById[4] = "STALE_REASON_CURSOR_AHEAD"] = 4;
                values[valuesById[5] = "STALE_REASON_LINEAGE_MISMATCH"] = 5;
                return values;
            })();

            v1.KhalaFrame = (function() {

                /**
                 * Properties of a KhalaFrame.
                 * @typedef {Object} openagents.sync.v1.KhalaFrame.$Properties
                 * @property {string|null} [topic] KhalaFrame topic
                 * @property {Long|null} [seq] KhalaFrame seq
                 * @property {openagents.sync.v1.KhalaFrameKind|null} [kind] KhalaFrame kind
                 * @property {Uint8Array|null} [payload_bytes] KhalaFrame payload_bytes
                 * @property {number|null} [schema_version] KhalaFrame schema_version
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a KhalaFrame.
                 * @memberof openagents.sync.v1
                 * @interface IKhalaFrame
                 * @augments openagents.sync.v1.KhalaFrame.$Properties
                 * @deprecated Use openagents.sync.v1.KhalaFrame.$Properties instead.
                 */

                /**
                 * Shape of a KhalaFrame.
                 * @typedef {openagents.sync.v1.KhalaFrame.$Properties} openagents.sync.v1.KhalaFrame.$Shape
                 */

                /**
                 * Constructs a new KhalaFrame.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a KhalaFrame.
                 * @constructor
                 * @param {openagents.sync.v1.KhalaFrame.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const KhalaFrame = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * KhalaFrame topic.
                 * @member {string} topic
                 * @memberof openagents.sync.v1.KhalaFrame
                 * @instance
                 */
                KhalaFrame.prototype.topic = "";

                /**
                 * KhalaFrame seq.
                 * @member {Long} seq
                 * @memberof openagents.sync.v1.KhalaFrame
                 * @instance
                 */
                KhalaFrame.prototype.seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * KhalaFrame kind.
                 * @member {openagents.sync.v1.KhalaFrameKind} kind
                 * @memberof openagents.sync.v1.KhalaFrame
                 * @instance
                 */
                KhalaFrame.prototype.kind = 0;

                /**
                 * KhalaFrame payload_bytes.
                 * @member {Uint8Array} payload_bytes
                 * @memberof openagents.sync.v1.KhalaFrame
                 * @instance
                 */
                KhalaFrame.prototype.payload_bytes = $util.newBuffer([]);

                /**
                 * KhalaFrame schema_version.
                 * @member {number} schema_version
                 * @memberof openagents.sync.v1.KhalaFrame
                 * @instance
                 */
                KhalaFrame.prototype.schema_version = 0;

                /**
                 * Creates a new KhalaFrame instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.KhalaFrame
                 * @static
                 * @param {openagents.sync.v1.KhalaFrame.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.KhalaFrame} KhalaFrame instance
                 * @type {{
                 *   (properties: openagents.sync.v1.KhalaFrame.$Shape): openagents.sync.v1.KhalaFrame & openagents.sync.v1.KhalaFrame.$Shape;
                 *   (properties?: openagents.sync.v1.KhalaFrame.$Properties): openagents.sync.v1.KhalaFrame;
                 * }}
                 */
                KhalaFrame.create = function(properties) {
                    return new KhalaFrame(properties);
                };

                /**
                 * Encodes the specified KhalaFrame message. Does not implicitly {@link openagents.sync.v1.KhalaFrame.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.KhalaFrame
                 * @static
                 * @param {openagents.sync.v1.KhalaFrame.$Properties} message KhalaFrame message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                KhalaFrame.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.topic != null && $Object.hasOwnProperty.call(message, "topic") && message.topic !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.topic);
                    if (message.seq != null && $Object.hasOwnProperty.call(message, "seq") && (typeof message.seq === "object" ? message.seq.low || message.seq.high : message.seq !== 0))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.seq);
                    if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).int32(message.kind);
                    if (message.payload_bytes != null && $Object.hasOwnProperty.call(message, "payload_bytes") && message.payload_bytes.length)
                        writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.payload_bytes);
                    if (message.schema_version != null && $Object.hasOwnProperty.call(message, "schema_version") && message.schema_version !== 0)
                        writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.schema_version);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a KhalaFrame message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.KhalaFrame
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.KhalaFrame & openagents.sync.v1.KhalaFrame.$Shape} KhalaFrame
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                KhalaFrame.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.KhalaFrame();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.topic = value;
                                else
                                    delete message.topic;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.seq = value;
                                else
                                    delete message.seq;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.kind = value;
                                else
                                    delete message.kind;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.payload_bytes = value;
                                else
                                    delete message.payload_bytes;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.schema_version = value;
                                else
                                    delete message.schema_version;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for KhalaFrame
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.KhalaFrame
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                KhalaFrame.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.KhalaFrame";
                };

                return KhalaFrame;
            })();

            v1.Challenge = (function() {

                /**
                 * Properties of a Challenge.
                 * @typedef {Object} openagents.sync.v1.Challenge.$Properties
                 * @property {string|null} [nonce] Challenge nonce
                 * @property {number|null} [protocol_version_min] Challenge protocol_version_min
                 * @property {number|null} [protocol_version_max] Challenge protocol_version_max
                 * @property {string|null} [client_build_id_min] Challenge client_build_id_min
                 * @property {string|null} [client_build_id_max] Challenge client_build_id_max
                 * @property {string|null} [window_expires_at] Challenge window_expires_at
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Challenge.
                 * @memberof openagents.sync.v1
                 * @interface IChallenge
                 * @augments openagents.sync.v1.Challenge.$Properties
                 * @deprecated Use openagents.sync.v1.Challenge.$Properties instead.
                 */

                /**
                 * Shape of a Challenge.
                 * @typedef {openagents.sync.v1.Challenge.$Properties} openagents.sync.v1.Challenge.$Shape
                 */

                /**
                 * Constructs a new Challenge.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a Challenge.
                 * @constructor
                 * @param {openagents.sync.v1.Challenge.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Challenge = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Challenge nonce.
                 * @member {string} nonce
                 * @memberof openagents.sync.v1.Challenge
                 * @instance
                 */
                Challenge.prototype.nonce = "";

                /**
                 * Challenge protocol_version_min.
                 * @member {number} protocol_version_min
                 * @memberof openagents.sync.v1.Challenge
                 * @instance
                 */
                Challenge.prototype.protocol_version_min = 0;

                /**
                 * Challenge protocol_version_max.
                 * @member {number} protocol_version_max
                 * @memberof openagents.sync.v1.Challenge
                 * @instance
                 */
                Challenge.prototype.protocol_version_max = 0;

                /**
                 * Challenge client_build_id_min.
                 * @member {string} client_build_id_min
                 * @memberof openagents.sync.v1.Challenge
                 * @instance
                 */
                Challenge.prototype.client_build_id_min = "";

                /**
                 * Challenge client_build_id_max.
                 * @member {string} client_build_id_max
                 * @memberof openagents.sync.v1.Challenge
                 * @instance
                 */
                Challenge.prototype.client_build_id_max = "";

                /**
                 * Challenge window_expires_at.
                 * @member {string} window_expires_at
                 * @memberof openagents.sync.v1.Challenge
                 * @instance
                 */
                Challenge.prototype.window_expires_at = "";

                /**
                 * Creates a new Challenge instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.Challenge
                 * @static
                 * @param {openagents.sync.v1.Challenge.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.Challenge} Challenge instance
                 * @type {{
                 *   (properties: openagents.sync.v1.Challenge.$Shape): openagents.sync.v1.Challenge & openagents.sync.v1.Challenge.$Shape;
                 *   (properties?: openagents.sync.v1.Challenge.$Properties): openagents.sync.v1.Challenge;
                 * }}
                 */
                Challenge.create = function(properties) {
                    return new Challenge(properties);
                };

                /**
                 * Encodes the specified Challenge message. Does not implicitly {@link openagents.sync.v1.Challenge.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.Challenge
                 * @static
                 * @param {openagents.sync.v1.Challenge.$Properties} message Challenge message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Challenge.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce") && message.nonce !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.nonce);
                    if (message.protocol_version_min != null && $Object.hasOwnProperty.call(message, "protocol_version_min") && message.protocol_version_min !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.protocol_version_min);
                    if (message.protocol_version_max != null && $Object.hasOwnProperty.call(message, "protocol_version_max") && message.protocol_version_max !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.protocol_version_max);
                    if (message.client_build_id_min != null && $Object.hasOwnProperty.call(message, "client_build_id_min") && message.client_build_id_min !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.client_build_id_min);
                    if (message.client_build_id_max != null && $Object.hasOwnProperty.call(message, "client_build_id_max") && message.client_build_id_max !== "")
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.client_build_id_max);
                    if (message.window_expires_at != null && $Object.hasOwnProperty.call(message, "window_expires_at") && message.window_expires_at !== "")
                        writer.uint32(/* id 6, wireType 2 =*/50).string(message.window_expires_at);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Challenge message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.Challenge
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Challenge & openagents.sync.v1.Challenge.$Shape} Challenge
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Challenge.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.Challenge();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.nonce = value;
                                else
                                    delete message.nonce;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.protocol_version_min = value;
                                else
                                    delete message.protocol_version_min;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.protocol_version_max = value;
                                else
                                    delete message.protocol_version_max;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.client_build_id_min = value;
                                else
                                    delete message.client_build_id_min;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.client_build_id_max = value;
                                else
                                    delete message.client_build_id_max;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.window_expires_at = value;
                                else
                                    delete message.window_expires_at;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for Challenge
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.Challenge
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                Challenge.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.Challenge";
                };

                return Challenge;
            })();

            v1.Hello = (function() {

                /**
                 * Properties of a Hello.
                 * @typedef {Object} openagents.sync.v1.Hello.$Properties
                 * @property {string|null} [token] Hello token
                 * @property {string|null} [proof] Hello proof
                 * @property {string|null} [device_id] Hello device_id
                 * @property {string|null} [client_build_id] Hello client_build_id
                 * @property {number|null} [protocol_version] Hello protocol_version
                 * @property {number|null} [schema_version] Hello schema_version
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Hello.
                 * @memberof openagents.sync.v1
                 * @interface IHello
                 * @augments openagents.sync.v1.Hello.$Properties
                 * @deprecated Use openagents.sync.v1.Hello.$Properties instead.
                 */

                /**
                 * Shape of a Hello.
                 * @typedef {openagents.sync.v1.Hello.$Properties} openagents.sync.v1.Hello.$Shape
                 */

                /**
                 * Constructs a new Hello.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a Hello.
                 * @constructor
                 * @param {openagents.sync.v1.Hello.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Hello = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Hello token.
                 * @member {string} token
                 * @memberof openagents.sync.v1.Hello
                 * @instance
                 */
                Hello.prototype.token = "";

                /**
                 * Hello proof.
                 * @member {string} proof
                 * @memberof openagents.sync.v1.Hello
                 * @instance
                 */
                Hello.prototype.proof = "";

                /**
                 * Hello device_id.
                 * @member {string} device_id
                 * @memberof openagents.sync.v1.Hello
                 * @instance
                 */
                Hello.prototype.device_id = "";

                /**
                 * Hello client_build_id.
                 * @member {string} client_build_id
                 * @memberof openagents.sync.v1.Hello
                 * @instance
                 */
                Hello.prototype.client_build_id = "";

                /**
                 * Hello protocol_version.
                 * @member {number} protocol_version
                 * @memberof openagents.sync.v1.Hello
                 * @instance
                 */
                Hello.prototype.protocol_version = 0;

                /**
                 * Hello schema_version.
                 * @member {number} schema_version
                 * @memberof openagents.sync.v1.Hello
                 * @instance
                 */
                Hello.prototype.schema_version = 0;

                /**
                 * Creates a new Hello instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.Hello
                 * @static
                 * @param {openagents.sync.v1.Hello.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.Hello} Hello instance
                 * @type {{
                 *   (properties: openagents.sync.v1.Hello.$Shape): openagents.sync.v1.Hello & openagents.sync.v1.Hello.$Shape;
                 *   (properties?: openagents.sync.v1.Hello.$Properties): openagents.sync.v1.Hello;
                 * }}
                 */
                Hello.create = function(properties) {
                    return new Hello(properties);
                };

                /**
                 * Encodes the specified Hello message. Does not implicitly {@link openagents.sync.v1.Hello.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.Hello
                 * @static
                 * @param {openagents.sync.v1.Hello.$Properties} message Hello message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Hello.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.token);
                    if (message.proof != null && $Object.hasOwnProperty.call(message, "proof") && message.proof !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.proof);
                    if (message.device_id != null && $Object.hasOwnProperty.call(message, "device_id") && message.device_id !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.device_id);
                    if (message.client_build_id != null && $Object.hasOwnProperty.call(message, "client_build_id") && message.client_build_id !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.client_build_id);
                    if (message.protocol_version != null && $Object.hasOwnProperty.call(message, "protocol_version") && message.protocol_version !== 0)
                        writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.protocol_version);
                    if (message.schema_version != null && $Object.hasOwnProperty.call(message, "schema_version") && message.schema_version !== 0)
                        writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.schema_version);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Hello message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.Hello
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Hello & openagents.sync.v1.Hello.$Shape} Hello
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Hello.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.Hello();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.token = value;
                                else
                                    delete message.token;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.proof = value;
                                else
                                    delete message.proof;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.device_id = value;
                                else
                                    delete message.device_id;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.client_build_id = value;
                                else
                                    delete message.client_build_id;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.protocol_version = value;
                                else
                                    delete message.protocol_version;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.schema_version = value;
                                else
                                    delete message.schema_version;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for Hello
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.Hello
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                Hello.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.Hello";
                };

                return Hello;
            })();

            v1.Welcome = (function() {

                /**
                 * Properties of a Welcome.
                 * @typedef {Object} openagents.sync.v1.Welcome.$Properties
                 * @property {string|null} [connection_id] Welcome connection_id
                 * @property {string|null} [node_id] Welcome node_id
                 * @property {Long|null} [token_expires_at_ms] Welcome token_expires_at_ms
                 * @property {number|null} [heartbeat_interval_ms] Welcome heartbeat_interval_ms
                 * @property {number|null} [dead_after_ms] Welcome dead_after_ms
                 * @property {number|null} [topics_max] Welcome topics_max
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Welcome.
                 * @memberof openagents.sync.v1
                 * @interface IWelcome
                 * @augments openagents.sync.v1.Welcome.$Properties
                 * @deprecated Use openagents.sync.v1.Welcome.$Properties instead.
                 */

                /**
                 * Shape of a Welcome.
                 * @typedef {openagents.sync.v1.Welcome.$Properties} openagents.sync.v1.Welcome.$Shape
                 */

                /**
                 * Constructs a new Welcome.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a Welcome.
                 * @constructor
                 * @param {openagents.sync.v1.Welcome.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Welcome = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Welcome connection_id.
                 * @member {string} connection_id
                 * @memberof openagents.sync.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.connection_id = "";

                /**
                 * Welcome node_id.
                 * @member {string} node_id
                 * @memberof openagents.sync.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.node_id = "";

                /**
                 * Welcome token_expires_at_ms.
                 * @member {Long} token_expires_at_ms
                 * @memberof openagents.sync.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.token_expires_at_ms = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Welcome heartbeat_interval_ms.
                 * @member {number} heartbeat_interval_ms
                 * @memberof openagents.sync.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.heartbeat_interval_ms = 0;

                /**
                 * Welcome dead_after_ms.
                 * @member {number} dead_after_ms
                 * @memberof openagents.sync.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.dead_after_ms = 0;

                /**
                 * Welcome topics_max.
                 * @member {number} topics_max
                 * @memberof openagents.sync.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.topics_max = 0;

                /**
                 * Creates a new Welcome instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.Welcome
                 * @static
                 * @param {openagents.sync.v1.Welcome.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.Welcome} Welcome instance
                 * @type {{
                 *   (properties: openagents.sync.v1.Welcome.$Shape): openagents.sync.v1.Welcome & openagents.sync.v1.Welcome.$Shape;
                 *   (properties?: openagents.sync.v1.Welcome.$Properties): openagents.sync.v1.Welcome;
                 * }}
                 */
                Welcome.create = function(properties) {
                    return new Welcome(properties);
                };

                /**
                 * Encodes the specified Welcome message. Does not implicitly {@link openagents.sync.v1.Welcome.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.Welcome
                 * @static
                 * @param {openagents.sync.v1.Welcome.$Properties} message Welcome message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Welcome.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.connection_id != null && $Object.hasOwnProperty.call(message, "connection_id") && message.connection_id !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.connection_id);
                    if (message.node_id != null && $Object.hasOwnProperty.call(message, "node_id") && message.node_id !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.node_id);
                    if (message.token_expires_at_ms != null && $Object.hasOwnProperty.call(message, "token_expires_at_ms") && (typeof message.token_expires_at_ms === "object" ? message.token_expires_at_ms.low || message.token_expires_at_ms.high : message.token_expires_at_ms !== 0))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.token_expires_at_ms);
                    if (message.heartbeat_interval_ms != null && $Object.hasOwnProperty.call(message, "heartbeat_interval_ms") && message.heartbeat_interval_ms !== 0)
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.heartbeat_interval_ms);
                    if (message.dead_after_ms != null && $Object.hasOwnProperty.call(message, "dead_after_ms") && message.dead_after_ms !== 0)
                        writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.dead_after_ms);
                    if (message.topics_max != null && $Object.hasOwnProperty.call(message, "topics_max") && message.topics_max !== 0)
                        writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.topics_max);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Welcome message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.Welcome
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Welcome & openagents.sync.v1.Welcome.$Shape} Welcome
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Welcome.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.Welcome();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.connection_id = value;
                                else
                                    delete message.connection_id;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.node_id = value;
                                else
                                    delete message.node_id;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.token_expires_at_ms = value;
                                else
                                    delete message.token_expires_at_ms;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.heartbeat_interval_ms = value;
                                else
                                    delete message.heartbeat_interval_ms;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.dead_after_ms = value;
                                else
                                    delete message.dead_after_ms;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.topics_max = value;
                                else
                                    delete message.topics_max;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for Welcome
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.Welcome
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                Welcome.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.Welcome";
                };

                return Welcome;
            })();

            v1.TopicCursor = (function() {

                /**
                 * Properties of a TopicCursor.
                 * @typedef {Object} openagents.sync.v1.TopicCursor.$Properties
                 * @property {string|null} [topic] TopicCursor topic
                 * @property {string|null} [epoch] TopicCursor epoch
                 * @property {Long|null} [seq] TopicCursor seq
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a TopicCursor.
                 * @memberof openagents.sync.v1
                 * @interface ITopicCursor
                 * @augments openagents.sync.v1.TopicCursor.$Properties
                 * @deprecated Use openagents.sync.v1.TopicCursor.$Properties instead.
                 */

                /**
                 * Shape of a TopicCursor.
                 * @typedef {openagents.sync.v1.TopicCursor.$Properties} openagents.sync.v1.TopicCursor.$Shape
                 */

                /**
                 * Constructs a new TopicCursor.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a TopicCursor.
                 * @constructor
                 * @param {openagents.sync.v1.TopicCursor.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const TopicCursor = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * TopicCursor topic.
                 * @member {string} topic
                 * @memberof openagents.sync.v1.TopicCursor
                 * @instance
                 */
                TopicCursor.prototype.topic = "";

                /**
                 * TopicCursor epoch.
                 * @member {string} epoch
                 * @memberof openagents.sync.v1.TopicCursor
                 * @instance
                 */
                TopicCursor.prototype.epoch = "";

                /**
                 * TopicCursor seq.
                 * @member {Long} seq
                 * @memberof openagents.sync.v1.TopicCursor
                 * @instance
                 */
                TopicCursor.prototype.seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Creates a new TopicCursor instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.TopicCursor
                 * @static
                 * @param {openagents.sync.v1.TopicCursor.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.TopicCursor} TopicCursor instance
                 * @type {{
                 *   (properties: openagents.sync.v1.TopicCursor.$Shape): openagents.sync.v1.TopicCursor & openagents.sync.v1.TopicCursor.$Shape;
                 *   (properties?: openagents.sync.v1.TopicCursor.$Properties): openagents.sync.v1.TopicCursor;
                 * }}
                 */
                TopicCursor.create = function(properties) {
                    return new TopicCursor(properties);
                };

                /**
                 * Encodes the specified TopicCursor message. Does not implicitly {@link openagents.sync.v1.TopicCursor.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.TopicCursor
                 * @static
                 * @param {openagents.sync.v1.TopicCursor.$Properties} message TopicCursor message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                TopicCursor.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.topic != null && $Object.hasOwnProperty.call(message, "topic") && message.topic !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.topic);
                    if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.epoch);
                    if (message.seq != null && $Object.hasOwnProperty.call(message, "seq") && (typeof message.seq === "object" ? message.seq.low || message.seq.high : message.seq !== 0))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.seq);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a TopicCursor message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.TopicCursor
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.TopicCursor & openagents.sync.v1.TopicCursor.$Shape} TopicCursor
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                TopicCursor.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.TopicCursor();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.topic = value;
                                else
                                    delete message.topic;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.epoch = value;
                                else
                                    delete message.epoch;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.seq = value;
                                else
                                    delete message.seq;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for TopicCursor
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.TopicCursor
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                TopicCursor.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.TopicCursor";
                };

                return TopicCursor;
            })();

            v1.Subscribe = (function() {

                /**
                 * Properties of a Subscribe.
                 * @typedef {Object} openagents.sync.v1.Subscribe.$Properties
                 * @property {Array.<string>|null} [topics] Subscribe topics
                 * @property {Array.<openagents.sync.v1.TopicCursor.$Properties>|null} [resume_after] Subscribe resume_after
                 * @property {string|null} [request_id] Subscribe request_id
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Subscribe.
                 * @memberof openagents.sync.v1
                 * @interface ISubscribe
                 * @augments openagents.sync.v1.Subscribe.$Properties
                 * @deprecated Use openagents.sync.v1.Subscribe.$Properties instead.
                 */

                /**
                 * Shape of a Subscribe.
                 * @typedef {openagents.sync.v1.Subscribe.$Properties} openagents.sync.v1.Subscribe.$Shape
                 */

                /**
                 * Constructs a new Subscribe.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a Subscribe.
                 * @constructor
                 * @param {openagents.sync.v1.Subscribe.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Subscribe = function (properties) {
                    this.topics = [];
                    this.resume_after = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Subscribe topics.
                 * @member {Array.<string>} topics
                 * @memberof openagents.sync.v1.Subscribe
                 * @instance
                 */
                Subscribe.prototype.topics = $util.emptyArray;

                /**
                 * Subscribe resume_after.
                 * @member {Array.<openagents.sync.v1.TopicCursor.$Properties>} resume_after
                 * @memberof openagents.sync.v1.Subscribe
                 * @instance
                 */
                Subscribe.prototype.resume_after = $util.emptyArray;

                /**
                 * Subscribe request_id.
                 * @member {string} request_id
                 * @memberof openagents.sync.v1.Subscribe
                 * @instance
                 */
                Subscribe.prototype.request_id = "";

                /**
                 * Creates a new Subscribe instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.Subscribe
                 * @static
                 * @param {openagents.sync.v1.Subscribe.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.Subscribe} Subscribe instance
                 * @type {{
                 *   (properties: openagents.sync.v1.Subscribe.$Shape): openagents.sync.v1.Subscribe & openagents.sync.v1.Subscribe.$Shape;
                 *   (properties?: openagents.sync.v1.Subscribe.$Properties): openagents.sync.v1.Subscribe;
                 * }}
                 */
                Subscribe.create = function(properties) {
                    return new Subscribe(properties);
                };

                /**
                 * Encodes the specified Subscribe message. Does not implicitly {@link openagents.sync.v1.Subscribe.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.Subscribe
                 * @static
                 * @param {openagents.sync.v1.Subscribe.$Properties} message Subscribe message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Subscribe.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.topics != null && message.topics.length)
                        for (let i = 0; i < message.topics.length; ++i)
                            writer.uint32(/* id 1, wireType 2 =*/10).string(message.topics[i]);
                    if (message.resume_after != null && message.resume_after.length)
                        for (let i = 0; i < message.resume_after.length; ++i)
                            $root.openagents.sync.v1.TopicCursor.encode(message.resume_after[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.request_id != null && $Object.hasOwnProperty.call(message, "request_id") && message.request_id !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.request_id);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Subscribe message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.Subscribe
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Subscribe & openagents.sync.v1.Subscribe.$Shape} Subscribe
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Subscribe.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.Subscribe();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.topics && message.topics.length))
                                    message.topics = [];
                                message.topics.push(reader.stringVerify());
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.resume_after && message.resume_after.length))
                                    message.resume_after = [];
                                message.resume_after.push($root.openagents.sync.v1.TopicCursor.decode(reader, reader.size(), $undefined, _depth + 1));
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.request_id = value;
                                else
                                    delete message.request_id;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for Subscribe
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.Subscribe
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                Subscribe.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.Subscribe";
                };

                return Subscribe;
            })();

            v1.Subscribed = (function() {

                /**
                 * Properties of a Subscribed.
                 * @typedef {Object} openagents.sync.v1.Subscribed.$Properties
                 * @property {string|null} [topic] Subscribed topic
                 * @property {string|null} [epoch] Subscribed epoch
                 * @property {Long|null} [from_seq] Subscribed from_seq
                 * @property {Long|null} [head_seq] Subscribed head_seq
                 * @property {string|null} [request_id] Subscribed request_id
                 * @property {Long|null} [snapshot_seq] Subscribed snapshot_seq
                 * @property {string|null} [snapshot_url] Subscribed snapshot_url
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Subscribed.
                 * @memberof openagents.sync.v1
                 * @interface ISubscribed
                 * @augments openagents.sync.v1.Subscribed.$Properties
                 * @deprecated Use openagents.sync.v1.Subscribed.$Properties instead.
                 */

                /**
                 * Shape of a Subscribed.
                 * @typedef {openagents.sync.v1.Subscribed.$Properties} openagents.sync.v1.Subscribed.$Shape
                 */

                /**
                 * Constructs a new Subscribed.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a Subscribed.
                 * @constructor
                 * @param {openagents.sync.v1.Subscribed.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Subscribed = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Subscribed topic.
                 * @member {string} topic
                 * @memberof openagents.sync.v1.Subscribed
                 * @instance
                 */
                Subscribed.prototype.topic = "";

                /**
                 * Subscribed epoch.
                 * @member {string} epoch
                 * @memberof openagents.sync.v1.Subscribed
                 * @instance
                 */
                Subscribed.prototype.epoch = "";

                /**
                 * Subscribed from_seq.
                 * @member {Long} from_seq
                 * @memberof openagents.sync.v1.Subscribed
                 * @instance
                 */
                Subscribed.prototype.from_seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Subscribed head_seq.
                 * @member {Long} head_seq
                 * @memberof openagents.sync.v1.Subscribed
                 * @instance
                 */
                Subscribed.prototype.head_seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Subscribed request_id.
                 * @member {string} request_id
                 * @memberof openagents.sync.v1.Subscribed
                 * @instance
                 */
                Subscribed.prototype.request_id = "";

                /**
                 * Subscribed snapshot_seq.
                 * @member {Long} snapshot_seq
                 * @memberof openagents.sync.v1.Subscribed
                 * @instance
                 */
                Subscribed.prototype.snapshot_seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Subscribed snapshot_url.
                 * @member {string} snapshot_url
                 * @memberof openagents.sync.v1.Subscribed
                 * @instance
                 */
                Subscribed.prototype.snapshot_url = "";

                /**
                 * Creates a new Subscribed instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.Subscribed
                 * @static
                 * @param {openagents.sync.v1.Subscribed.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.Subscribed} Subscribed instance
                 * @type {{
                 *   (properties: openagents.sync.v1.Subscribed.$Shape): openagents.sync.v1.Subscribed & openagents.sync.v1.Subscribed.$Shape;
                 *   (properties?: openagents.sync.v1.Subscribed.$Properties): openagents.sync.v1.Subscribed;
                 * }}
                 */
                Subscribed.create = function(properties) {
                    return new Subscribed(properties);
                };

                /**
                 * Encodes the specified Subscribed message. Does not implicitly {@link openagents.sync.v1.Subscribed.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.Subscribed
                 * @static
                 * @param {openagents.sync.v1.Subscribed.$Properties} message Subscribed message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Subscribed.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.topic != null && $Object.hasOwnProperty.call(message, "topic") && message.topic !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.topic);
                    if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.epoch);
                    if (message.from_seq != null && $Object.hasOwnProperty.call(message, "from_seq") && (typeof message.from_seq === "object" ? message.from_seq.low || message.from_seq.high : message.from_seq !== 0))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.from_seq);
                    if (message.head_seq != null && $Object.hasOwnProperty.call(message, "head_seq") && (typeof message.head_seq === "object" ? message.head_seq.low || message.head_seq.high : message.head_seq !== 0))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.head_seq);
                    if (message.request_id != null && $Object.hasOwnProperty.call(message, "request_id") && message.request_id !== "")
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.request_id);
                    if (message.snapshot_seq != null && $Object.hasOwnProperty.call(message, "snapshot_seq") && (typeof message.snapshot_seq === "object" ? message.snapshot_seq.low || message.snapshot_seq.high : message.snapshot_seq !== 0))
                        writer.uint32(/* id 6, wireType 0 =*/48).uint64(message.snapshot_seq);
                    if (message.snapshot_url != null && $Object.hasOwnProperty.call(message, "snapshot_url") && message.snapshot_url !== "")
                        writer.uint32(/* id 7, wireType 2 =*/58).string(message.snapshot_url);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Subscribed message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.Subscribed
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Subscribed & openagents.sync.v1.Subscribed.$Shape} Subscribed
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Subscribed.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.Subscribed();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.topic = value;
                                else
                                    delete message.topic;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.epoch = value;
                                else
                                    delete message.epoch;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.from_seq = value;
                                else
                                    delete message.from_seq;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.head_seq = value;
                                else
                                    delete message.head_seq;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.request_id = value;
                                else
                                    delete message.request_id;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.snapshot_seq = value;
                                else
                                    delete message.snapshot_seq;
                                continue;
                            }
                        case 7: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.snapshot_url = value;
                                else
                                    delete message.snapshot_url;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for Subscribed
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.Subscribed
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                Subscribed.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.Subscribed";
                };

                return Subscribed;
            })();

            v1.Unsubscribe = (function() {

                /**
                 * Properties of an Unsubscribe.
                 * @typedef {Object} openagents.sync.v1.Unsubscribe.$Properties
                 * @property {Array.<string>|null} [topics] Unsubscribe topics
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Unsubscribe.
                 * @memberof openagents.sync.v1
                 * @interface IUnsubscribe
                 * @augments openagents.sync.v1.Unsubscribe.$Properties
                 * @deprecated Use openagents.sync.v1.Unsubscribe.$Properties instead.
                 */

                /**
                 * Shape of an Unsubscribe.
                 * @typedef {openagents.sync.v1.Unsubscribe.$Properties} openagents.sync.v1.Unsubscribe.$Shape
                 */

                /**
                 * Constructs a new Unsubscribe.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents an Unsubscribe.
                 * @constructor
                 * @param {openagents.sync.v1.Unsubscribe.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Unsubscribe = function (properties) {
                    this.topics = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Unsubscribe topics.
                 * @member {Array.<string>} topics
                 * @memberof openagents.sync.v1.Unsubscribe
                 * @instance
                 */
                Unsubscribe.prototype.topics = $util.emptyArray;

                /**
                 * Creates a new Unsubscribe instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.Unsubscribe
                 * @static
                 * @param {openagents.sync.v1.Unsubscribe.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.Unsubscribe} Unsubscribe instance
                 * @type {{
                 *   (properties: openagents.sync.v1.Unsubscribe.$Shape): openagents.sync.v1.Unsubscribe & openagents.sync.v1.Unsubscribe.$Shape;
                 *   (properties?: openagents.sync.v1.Unsubscribe.$Properties): openagents.sync.v1.Unsubscribe;
                 * }}
                 */
                Unsubscribe.create = function(properties) {
                    return new Unsubscribe(properties);
                };

                /**
                 * Encodes the specified Unsubscribe message. Does not implicitly {@link openagents.sync.v1.Unsubscribe.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.Unsubscribe
                 * @static
                 * @param {openagents.sync.v1.Unsubscribe.$Properties} message Unsubscribe message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Unsubscribe.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.topics != null && message.topics.length)
                        for (let i = 0; i < message.topics.length; ++i)
                            writer.uint32(/* id 1, wireType 2 =*/10).string(message.topics[i]);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an Unsubscribe message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.Unsubscribe
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Unsubscribe & openagents.sync.v1.Unsubscribe.$Shape} Unsubscribe
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Unsubscribe.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.Unsubscribe();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.topics && message.topics.length))
                                    message.topics = [];
                                message.topics.push(reader.stringVerify());
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for Unsubscribe
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.Unsubscribe
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                Unsubscribe.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.Unsubscribe";
                };

                return Unsubscribe;
            })();

            v1.Update = (function() {

                /**
                 * Properties of an Update.
                 * @typedef {Object} openagents.sync.v1.Update.$Properties
                 * @property {Long|null} [seq] Update seq
                 * @property {string|null} [kind] Update kind
                 * @property {Uint8Array|null} [payload] Update payload
                 * @property {string|null} [payload_hash] Update payload_hash
                 * @property {Long|null} [recorded_at_ms] Update recorded_at_ms
                 * @property {string|null} [doc_key] Update doc_key
                 * @property {Long|null} [doc_version] Update doc_version
                 * @property {string|null} [event_hash] Update event_hash
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Update.
                 * @memberof openagents.sync.v1
                 * @interface IUpdate
                 * @augments openagents.sync.v1.Update.$Properties
                 * @deprecated Use openagents.sync.v1.Update.$Properties instead.
                 */

                /**
                 * Shape of an Update.
                 * @typedef {openagents.sync.v1.Update.$Properties} openagents.sync.v1.Update.$Shape
                 */

                /**
                 * Constructs a new Update.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents an Update.
                 * @constructor
                 * @param {openagents.sync.v1.Update.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Update = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Update seq.
                 * @member {Long} seq
                 * @memberof openagents.sync.v1.Update
                 * @instance
                 */
                Update.prototype.seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Update kind.
                 * @member {string} kind
                 * @memberof openagents.sync.v1.Update
                 * @instance
                 */
                Update.prototype.kind = "";

                /**
                 * Update payload.
                 * @member {Uint8Array} payload
                 * @memberof openagents.sync.v1.Update
                 * @instance
                 */
                Update.prototype.payload = $util.newBuffer([]);

                /**
                 * Update payload_hash.
                 * @member {string} payload_hash
                 * @memberof openagents.sync.v1.Update
                 * @instance
                 */
                Update.prototype.payload_hash = "";

                /**
                 * Update recorded_at_ms.
                 * @member {Long} recorded_at_ms
                 * @memberof openagents.sync.v1.Update
                 * @instance
                 */
                Update.prototype.recorded_at_ms = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Update doc_key.
                 * @member {string} doc_key
                 * @memberof openagents.sync.v1.Update
                 * @instance
                 */
                Update.prototype.doc_key = "";

                /**
                 * Update doc_version.
                 * @member {Long} doc_version
                 * @memberof openagents.sync.v1.Update
                 * @instance
                 */
                Update.prototype.doc_version = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Update event_hash.
                 * @member {string} event_hash
                 * @memberof openagents.sync.v1.Update
                 * @instance
                 */
                Update.prototype.event_hash = "";

                /**
                 * Creates a new Update instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.Update
                 * @static
                 * @param {openagents.sync.v1.Update.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.Update} Update instance
                 * @type {{
                 *   (properties: openagents.sync.v1.Update.$Shape): openagents.sync.v1.Update & openagents.sync.v1.Update.$Shape;
                 *   (properties?: openagents.sync.v1.Update.$Properties): openagents.sync.v1.Update;
                 * }}
                 */
                Update.create = function(properties) {
                    return new Update(properties);
                };

                /**
                 * Encodes the specified Update message. Does not implicitly {@link openagents.sync.v1.Update.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.Update
                 * @static
                 * @param {openagents.sync.v1.Update.$Properties} message Update message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Update.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.seq != null && $Object.hasOwnProperty.call(message, "seq") && (typeof message.seq === "object" ? message.seq.low || message.seq.high : message.seq !== 0))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.seq);
                    if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.kind);
                    if (message.payload != null && $Object.hasOwnProperty.call(message, "payload") && message.payload.length)
                        writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.payload);
                    if (message.payload_hash != null && $Object.hasOwnProperty.call(message, "payload_hash") && message.payload_hash !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.payload_hash);
                    if (message.recorded_at_ms != null && $Object.hasOwnProperty.call(message, "recorded_at_ms") && (typeof message.recorded_at_ms === "object" ? message.recorded_at_ms.low || message.recorded_at_ms.high : message.recorded_at_ms !== 0))
                        writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.recorded_at_ms);
                    if (message.doc_key != null && $Object.hasOwnProperty.call(message, "doc_key") && message.doc_key !== "")
                        writer.uint32(/* id 6, wireType 2 =*/50).string(message.doc_key);
                    if (message.doc_version != null && $Object.hasOwnProperty.call(message, "doc_version") && (typeof message.doc_version === "object" ? message.doc_version.low || message.doc_version.high : message.doc_version !== 0))
                        writer.uint32(/* id 7, wireType 0 =*/56).uint64(message.doc_version);
                    if (message.event_hash != null && $Object.hasOwnProperty.call(message, "event_hash") && message.event_hash !== "")
                        writer.uint32(/* id 8, wireType 2 =*/66).string(message.event_hash);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an Update message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.Update
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Update & openagents.sync.v1.Update.$Shape} Update
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Update.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.Update();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.seq = value;
                                else
                                    delete message.seq;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.kind = value;
                                else
                                    delete message.kind;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.payload = value;
                                else
                                    delete message.payload;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.payload_hash = value;
                                else
                                    delete message.payload_hash;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.recorded_at_ms = value;
                                else
                                    delete message.recorded_at_ms;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.doc_key = value;
                                else
                                    delete message.doc_key;
                                continue;
                            }
                        case 7: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.doc_version = value;
                                else
                                    delete message.doc_version;
                                continue;
                            }
                        case 8: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.event_hash = value;
                                else
                                    delete message.event_hash;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for Update
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.Update
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                Update.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.Update";
                };

                return Update;
            })();

            v1.UpdateBatch = (function() {

                /**
                 * Properties of an UpdateBatch.
                 * @typedef {Object} openagents.sync.v1.UpdateBatch.$Properties
                 * @property {Array.<openagents.sync.v1.Update.$Properties>|null} [updates] UpdateBatch updates
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an UpdateBatch.
                 * @memberof openagents.sync.v1
                 * @interface IUpdateBatch
                 * @augments openagents.sync.v1.UpdateBatch.$Properties
                 * @deprecated Use openagents.sync.v1.UpdateBatch.$Properties instead.
                 */

                /**
                 * Shape of an UpdateBatch.
                 * @typedef {openagents.sync.v1.UpdateBatch.$Properties} openagents.sync.v1.UpdateBatch.$Shape
                 */

                /**
                 * Constructs a new UpdateBatch.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents an UpdateBatch.
                 * @constructor
                 * @param {openagents.sync.v1.UpdateBatch.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const UpdateBatch = function (properties) {
                    this.updates = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * UpdateBatch updates.
                 * @member {Array.<openagents.sync.v1.Update.$Properties>} updates
                 * @memberof openagents.sync.v1.UpdateBatch
                 * @instance
                 */
                UpdateBatch.prototype.updates = $util.emptyArray;

                /**
                 * Creates a new UpdateBatch instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.UpdateBatch
                 * @static
                 * @param {openagents.sync.v1.UpdateBatch.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.UpdateBatch} UpdateBatch instance
                 * @type {{
                 *   (properties: openagents.sync.v1.UpdateBatch.$Shape): openagents.sync.v1.UpdateBatch & openagents.sync.v1.UpdateBatch.$Shape;
                 *   (properties?: openagents.sync.v1.UpdateBatch.$Properties): openagents.sync.v1.UpdateBatch;
                 * }}
                 */
                UpdateBatch.create = function(properties) {
                    return new UpdateBatch(properties);
                };

                /**
                 * Encodes the specified UpdateBatch message. Does not implicitly {@link openagents.sync.v1.UpdateBatch.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.UpdateBatch
                 * @static
                 * @param {openagents.sync.v1.UpdateBatch.$Properties} message UpdateBatch message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                UpdateBatch.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.updates != null && message.updates.length)
                        for (let i = 0; i < message.updates.length; ++i)
                            $root.openagents.sync.v1.Update.encode(message.updates[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an UpdateBatch message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.UpdateBatch
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.UpdateBatch & openagents.sync.v1.UpdateBatch.$Shape} UpdateBatch
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                UpdateBatch.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.UpdateBatch();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.updates && message.updates.length))
                                    message.updates = [];
                                message.updates.push($root.openagents.sync.v1.Update.decode(reader, reader.size(), $undefined, _depth + 1));
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for UpdateBatch
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.UpdateBatch
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                UpdateBatch.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.UpdateBatch";
                };

                return UpdateBatch;
            })();

            v1.CaughtUp = (function() {

                /**
                 * Properties of a CaughtUp.
                 * @typedef {Object} openagents.sync.v1.CaughtUp.$Properties
                 * @property {string|null} [topic] CaughtUp topic
                 * @property {string|null} [epoch] CaughtUp epoch
                 * @property {Long|null} [seq] CaughtUp seq
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a CaughtUp.
                 * @memberof openagents.sync.v1
                 * @interface ICaughtUp
                 * @augments openagents.sync.v1.CaughtUp.$Properties
                 * @deprecated Use openagents.sync.v1.CaughtUp.$Properties instead.
                 */

                /**
                 * Shape of a CaughtUp.
                 * @typedef {openagents.sync.v1.CaughtUp.$Properties} openagents.sync.v1.CaughtUp.$Shape
                 */

                /**
                 * Constructs a new CaughtUp.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a CaughtUp.
                 * @constructor
                 * @param {openagents.sync.v1.CaughtUp.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const CaughtUp = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * CaughtUp topic.
                 * @member {string} topic
                 * @memberof openagents.sync.v1.CaughtUp
                 * @instance
                 */
                CaughtUp.prototype.topic = "";

                /**
                 * CaughtUp epoch.
                 * @member {string} epoch
                 * @memberof openagents.sync.v1.CaughtUp
                 * @instance
                 */
                CaughtUp.prototype.epoch = "";

                /**
                 * CaughtUp seq.
                 * @member {Long} seq
                 * @memberof openagents.sync.v1.CaughtUp
                 * @instance
                 */
                CaughtUp.prototype.seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Creates a new CaughtUp instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.CaughtUp
                 * @static
                 * @param {openagents.sync.v1.CaughtUp.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.CaughtUp} CaughtUp instance
                 * @type {{
                 *   (properties: openagents.sync.v1.CaughtUp.$Shape): openagents.sync.v1.CaughtUp & openagents.sync.v1.CaughtUp.$Shape;
                 *   (properties?: openagents.sync.v1.CaughtUp.$Properties): openagents.sync.v1.CaughtUp;
                 * }}
                 */
                CaughtUp.create = function(properties) {
                    return new CaughtUp(properties);
                };

                /**
                 * Encodes the specified CaughtUp message. Does not implicitly {@link openagents.sync.v1.CaughtUp.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.CaughtUp
                 * @static
                 * @param {openagents.sync.v1.CaughtUp.$Properties} message CaughtUp message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                CaughtUp.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.topic != null && $Object.hasOwnProperty.call(message, "topic") && message.topic !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.topic);
                    if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.epoch);
                    if (message.seq != null && $Object.hasOwnProperty.call(message, "seq") && (typeof message.seq === "object" ? message.seq.low || message.seq.high : message.seq !== 0))
                        writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.seq);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a CaughtUp message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.CaughtUp
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.CaughtUp & openagents.sync.v1.CaughtUp.$Shape} CaughtUp
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                CaughtUp.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.CaughtUp();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.topic = value;
                                else
                                    delete message.topic;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.epoch = value;
                                else
                                    delete message.epoch;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.seq = value;
                                else
                                    delete message.seq;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for CaughtUp
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.CaughtUp
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                CaughtUp.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.CaughtUp";
                };

                return CaughtUp;
            })();

            v1.SnapshotRequired = (function() {

                /**
                 * Properties of a SnapshotRequired.
                 * @typedef {Object} openagents.sync.v1.SnapshotRequired.$Properties
                 * @property {string|null} [topic] SnapshotRequired topic
                 * @property {openagents.sync.v1.SyncErrorCode|null} [code] SnapshotRequired code
                 * @property {openagents.sync.v1.StaleReason|null} [reason] SnapshotRequired reason
                 * @property {Long|null} [floor_seq] SnapshotRequired floor_seq
                 * @property {Long|null} [head_seq] SnapshotRequired head_seq
                 * @property {string|null} [epoch] SnapshotRequired epoch
                 * @property {Long|null} [snapshot_seq] SnapshotRequired snapshot_seq
                 * @property {string|null} [snapshot_url] SnapshotRequired snapshot_url
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a SnapshotRequired.
                 * @memberof openagents.sync.v1
                 * @interface ISnapshotRequired
                 * @augments openagents.sync.v1.SnapshotRequired.$Properties
                 * @deprecated Use openagents.sync.v1.SnapshotRequired.$Properties instead.
                 */

                /**
                 * Shape of a SnapshotRequired.
                 * @typedef {openagents.sync.v1.SnapshotRequired.$Properties} openagents.sync.v1.SnapshotRequired.$Shape
                 */

                /**
                 * Constructs a new SnapshotRequired.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a SnapshotRequired.
                 * @constructor
                 * @param {openagents.sync.v1.SnapshotRequired.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const SnapshotRequired = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * SnapshotRequired topic.
                 * @member {string} topic
                 * @memberof openagents.sync.v1.SnapshotRequired
                 * @instance
                 */
                SnapshotRequired.prototype.topic = "";

                /**
                 * SnapshotRequired code.
                 * @member {openagents.sync.v1.SyncErrorCode} code
                 * @memberof openagents.sync.v1.SnapshotRequired
                 * @instance
                 */
                SnapshotRequired.prototype.code = 0;

                /**
                 * SnapshotRequired reason.
                 * @member {openagents.sync.v1.StaleReason} reason
                 * @memberof openagents.sync.v1.SnapshotRequired
                 * @instance
                 */
                SnapshotRequired.prototype.reason = 0;

                /**
                 * SnapshotRequired floor_seq.
                 * @member {Long} floor_seq
                 * @memberof openagents.sync.v1.SnapshotRequired
                 * @instance
                 */
                SnapshotRequired.prototype.floor_seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * SnapshotRequired head_seq.
                 * @member {Long} head_seq
                 * @memberof openagents.sync.v1.SnapshotRequired
                 * @instance
                 */
                SnapshotRequired.prototype.head_seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * SnapshotRequired epoch.
                 * @member {string} epoch
                 * @memberof openagents.sync.v1.SnapshotRequired
                 * @instance
                 */
                SnapshotRequired.prototype.epoch = "";

                /**
                 * SnapshotRequired snapshot_seq.
                 * @member {Long} snapshot_seq
                 * @memberof openagents.sync.v1.SnapshotRequired
                 * @instance
                 */
                SnapshotRequired.prototype.snapshot_seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * SnapshotRequired snapshot_url.
                 * @member {string} snapshot_url
                 * @memberof openagents.sync.v1.SnapshotRequired
                 * @instance
                 */
                SnapshotRequired.prototype.snapshot_url = "";

                /**
                 * Creates a new SnapshotRequired instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.SnapshotRequired
                 * @static
                 * @param {openagents.sync.v1.SnapshotRequired.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.SnapshotRequired} SnapshotRequired instance
                 * @type {{
                 *   (properties: openagents.sync.v1.SnapshotRequired.$Shape): openagents.sync.v1.SnapshotRequired & openagents.sync.v1.SnapshotRequired.$Shape;
                 *   (properties?: openagents.sync.v1.SnapshotRequired.$Properties): openagents.sync.v1.SnapshotRequired;
                 * }}
                 */
                SnapshotRequired.create = function(properties) {
                    return new SnapshotRequired(properties);
                };

                /**
                 * Encodes the specified SnapshotRequired message. Does not implicitly {@link openagents.sync.v1.SnapshotRequired.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.SnapshotRequired
                 * @static
                 * @param {openagents.sync.v1.SnapshotRequired.$Properties} message SnapshotRequired message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                SnapshotRequired.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.topic != null && $Object.hasOwnProperty.call(message, "topic") && message.topic !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.topic);
                    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).int32(message.code);
                    if (message.reason != null && $Object.hasOwnProperty.call(message, "reason") && message.reason !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).int32(message.reason);
                    if (message.floor_seq != null && $Object.hasOwnProperty.call(message, "floor_seq") && (typeof message.floor_seq === "object" ? message.floor_seq.low || message.floor_seq.high : message.floor_seq !== 0))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.floor_seq);
                    if (message.head_seq != null && $Object.hasOwnProperty.call(message, "head_seq") && (typeof message.head_seq === "object" ? message.head_seq.low || message.head_seq.high : message.head_seq !== 0))
                        writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.head_seq);
                    if (message.epoch != null && $Object.hasOwnProperty.call(message, "epoch") && message.epoch !== "")
                        writer.uint32(/* id 6, wireType 2 =*/50).string(message.epoch);
                    if (message.snapshot_seq != null && $Object.hasOwnProperty.call(message, "snapshot_seq") && (typeof message.snapshot_seq === "object" ? message.snapshot_seq.low || message.snapshot_seq.high : message.snapshot_seq !== 0))
                        writer.uint32(/* id 7, wireType 0 =*/56).uint64(message.snapshot_seq);
                    if (message.snapshot_url != null && $Object.hasOwnProperty.call(message, "snapshot_url") && message.snapshot_url !== "")
                        writer.uint32(/* id 8, wireType 2 =*/66).string(message.snapshot_url);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a SnapshotRequired message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.SnapshotRequired
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.SnapshotRequired & openagents.sync.v1.SnapshotRequired.$Shape} SnapshotRequired
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                SnapshotRequired.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.SnapshotRequired();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.topic = value;
                                else
                                    delete message.topic;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.code = value;
                                else
                                    delete message.code;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.reason = value;
                                else
                                    delete message.reason;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.floor_seq = value;
                                else
                                    delete message.floor_seq;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.head_seq = value;
                                else
                                    delete message.head_seq;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.epoch = value;
                                else
                                    delete message.epoch;
                                continue;
                            }
                        case 7: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.snapshot_seq = value;
                                else
                                    delete message.snapshot_seq;
                                continue;
                            }
                        case 8: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.snapshot_url = value;
                                else
                                    delete message.snapshot_url;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for SnapshotRequired
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.SnapshotRequired
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                SnapshotRequired.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.SnapshotRequired";
                };

                return SnapshotRequired;
            })();

            v1.Heartbeat = (function() {

                /**
                 * Properties of a Heartbeat.
                 * @typedef {Object} openagents.sync.v1.Heartbeat.$Properties
                 * @property {Long|null} [sent_at_ms] Heartbeat sent_at_ms
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Heartbeat.
                 * @memberof openagents.sync.v1
                 * @interface IHeartbeat
                 * @augments openagents.sync.v1.Heartbeat.$Properties
                 * @deprecated Use openagents.sync.v1.Heartbeat.$Properties instead.
                 */

                /**
                 * Shape of a Heartbeat.
                 * @typedef {openagents.sync.v1.Heartbeat.$Properties} openagents.sync.v1.Heartbeat.$Shape
                 */

                /**
                 * Constructs a new Heartbeat.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a Heartbeat.
                 * @constructor
                 * @param {openagents.sync.v1.Heartbeat.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Heartbeat = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Heartbeat sent_at_ms.
                 * @member {Long} sent_at_ms
                 * @memberof openagents.sync.v1.Heartbeat
                 * @instance
                 */
                Heartbeat.prototype.sent_at_ms = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Creates a new Heartbeat instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.Heartbeat
                 * @static
                 * @param {openagents.sync.v1.Heartbeat.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.Heartbeat} Heartbeat instance
                 * @type {{
                 *   (properties: openagents.sync.v1.Heartbeat.$Shape): openagents.sync.v1.Heartbeat & openagents.sync.v1.Heartbeat.$Shape;
                 *   (properties?: openagents.sync.v1.Heartbeat.$Properties): openagents.sync.v1.Heartbeat;
                 * }}
                 */
                Heartbeat.create = function(properties) {
                    return new Heartbeat(properties);
                };

                /**
                 * Encodes the specified Heartbeat message. Does not implicitly {@link openagents.sync.v1.Heartbeat.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.Heartbeat
                 * @static
                 * @param {openagents.sync.v1.Heartbeat.$Properties} message Heartbeat message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Heartbeat.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.sent_at_ms != null && $Object.hasOwnProperty.call(message, "sent_at_ms") && (typeof message.sent_at_ms === "object" ? message.sent_at_ms.low || message.sent_at_ms.high : message.sent_at_ms !== 0))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.sent_at_ms);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Heartbeat message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.Heartbeat
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Heartbeat & openagents.sync.v1.Heartbeat.$Shape} Heartbeat
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Heartbeat.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.Heartbeat();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.sent_at_ms = value;
                                else
                                    delete message.sent_at_ms;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for Heartbeat
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.Heartbeat
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                Heartbeat.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.Heartbeat";
                };

                return Heartbeat;
            })();

            v1.SyncError = (function() {

                /**
                 * Properties of a SyncError.
                 * @typedef {Object} openagents.sync.v1.SyncError.$Properties
                 * @property {openagents.sync.v1.SyncErrorCode|null} [code] SyncError code
                 * @property {string|null} [message] SyncError message
                 * @property {string|null} [topic] SyncError topic
                 * @property {Long|null} [retry_after_ms] SyncError retry_after_ms
                 * @property {string|null} [request_id] SyncError request_id
                 * @property {Array.<openagents.sync.v1.TopicCursor.$Properties>|null} [positions] SyncError positions
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a SyncError.
                 * @memberof openagents.sync.v1
                 * @interface ISyncError
                 * @augments openagents.sync.v1.SyncError.$Properties
                 * @deprecated Use openagents.sync.v1.SyncError.$Properties instead.
                 */

                /**
                 * Shape of a SyncError.
                 * @typedef {openagents.sync.v1.SyncError.$Properties} openagents.sync.v1.SyncError.$Shape
                 */

                /**
                 * Constructs a new SyncError.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a SyncError.
                 * @constructor
                 * @param {openagents.sync.v1.SyncError.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const SyncError = function (properties) {
                    this.positions = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * SyncError code.
                 * @member {openagents.sync.v1.SyncErrorCode} code
                 * @memberof openagents.sync.v1.SyncError
                 * @instance
                 */
                SyncError.prototype.code = 0;

                /**
                 * SyncError message.
                 * @member {string} message
                 * @memberof openagents.sync.v1.SyncError
                 * @instance
                 */
                SyncError.prototype.message = "";

                /**
                 * SyncError topic.
                 * @member {string} topic
                 * @memberof openagents.sync.v1.SyncError
                 * @instance
                 */
                SyncError.prototype.topic = "";

                /**
                 * SyncError retry_after_ms.
                 * @member {Long} retry_after_ms
                 * @memberof openagents.sync.v1.SyncError
                 * @instance
                 */
                SyncError.prototype.retry_after_ms = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * SyncError request_id.
                 * @member {string} request_id
                 * @memberof openagents.sync.v1.SyncError
                 * @instance
                 */
                SyncError.prototype.request_id = "";

                /**
                 * SyncError positions.
                 * @member {Array.<openagents.sync.v1.TopicCursor.$Properties>} positions
                 * @memberof openagents.sync.v1.SyncError
                 * @instance
                 */
                SyncError.prototype.positions = $util.emptyArray;

                /**
                 * Creates a new SyncError instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.SyncError
                 * @static
                 * @param {openagents.sync.v1.SyncError.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.SyncError} SyncError instance
                 * @type {{
                 *   (properties: openagents.sync.v1.SyncError.$Shape): openagents.sync.v1.SyncError & openagents.sync.v1.SyncError.$Shape;
                 *   (properties?: openagents.sync.v1.SyncError.$Properties): openagents.sync.v1.SyncError;
                 * }}
                 */
                SyncError.create = function(properties) {
                    return new SyncError(properties);
                };

                /**
                 * Encodes the specified SyncError message. Does not implicitly {@link openagents.sync.v1.SyncError.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.SyncError
                 * @static
                 * @param {openagents.sync.v1.SyncError.$Properties} message SyncError message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                SyncError.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).int32(message.code);
                    if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.message);
                    if (message.topic != null && $Object.hasOwnProperty.call(message, "topic") && message.topic !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.topic);
                    if (message.retry_after_ms != null && $Object.hasOwnProperty.call(message, "retry_after_ms") && (typeof message.retry_after_ms === "object" ? message.retry_after_ms.low || message.retry_after_ms.high : message.retry_after_ms !== 0))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.retry_after_ms);
                    if (message.request_id != null && $Object.hasOwnProperty.call(message, "request_id") && message.request_id !== "")
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.request_id);
                    if (message.positions != null && message.positions.length)
                        for (let i = 0; i < message.positions.length; ++i)
                            $root.openagents.sync.v1.TopicCursor.encode(message.positions[i], writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a SyncError message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.SyncError
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.SyncError & openagents.sync.v1.SyncError.$Shape} SyncError
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                SyncError.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.SyncError();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.code = value;
                                else
                                    delete message.code;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.message = value;
                                else
                                    delete message.message;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.topic = value;
                                else
                                    delete message.topic;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.retry_after_ms = value;
                                else
                                    delete message.retry_after_ms;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.request_id = value;
                                else
                                    delete message.request_id;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.positions && message.positions.length))
                                    message.positions = [];
                                message.positions.push($root.openagents.sync.v1.TopicCursor.decode(reader, reader.size(), $undefined, _depth + 1));
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for SyncError
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.SyncError
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                SyncError.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.SyncError";
                };

                return SyncError;
            })();

            v1.Reconnect = (function() {

                /**
                 * Properties of a Reconnect.
                 * @typedef {Object} openagents.sync.v1.Reconnect.$Properties
                 * @property {Long|null} [after_ms] Reconnect after_ms
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Reconnect.
                 * @memberof openagents.sync.v1
                 * @interface IReconnect
                 * @augments openagents.sync.v1.Reconnect.$Properties
                 * @deprecated Use openagents.sync.v1.Reconnect.$Properties instead.
                 */

                /**
                 * Shape of a Reconnect.
                 * @typedef {openagents.sync.v1.Reconnect.$Properties} openagents.sync.v1.Reconnect.$Shape
                 */

                /**
                 * Constructs a new Reconnect.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a Reconnect.
                 * @constructor
                 * @param {openagents.sync.v1.Reconnect.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Reconnect = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Reconnect after_ms.
                 * @member {Long} after_ms
                 * @memberof openagents.sync.v1.Reconnect
                 * @instance
                 */
                Reconnect.prototype.after_ms = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

                /**
                 * Creates a new Reconnect instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.Reconnect
                 * @static
                 * @param {openagents.sync.v1.Reconnect.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.Reconnect} Reconnect instance
                 * @type {{
                 *   (properties: openagents.sync.v1.Reconnect.$Shape): openagents.sync.v1.Reconnect & openagents.sync.v1.Reconnect.$Shape;
                 *   (properties?: openagents.sync.v1.Reconnect.$Properties): openagents.sync.v1.Reconnect;
                 * }}
                 */
                Reconnect.create = function(properties) {
                    return new Reconnect(properties);
                };

                /**
                 * Encodes the specified Reconnect message. Does not implicitly {@link openagents.sync.v1.Reconnect.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.Reconnect
                 * @static
                 * @param {openagents.sync.v1.Reconnect.$Properties} message Reconnect message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Reconnect.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.after_ms != null && $Object.hasOwnProperty.call(message, "after_ms") && (typeof message.after_ms === "object" ? message.after_ms.low || message.after_ms.high : message.after_ms !== 0))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.after_ms);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Reconnect message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.Reconnect
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Reconnect & openagents.sync.v1.Reconnect.$Shape} Reconnect
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Reconnect.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.Reconnect();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                    message.after_ms = value;
                                else
                                    delete message.after_ms;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for Reconnect
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.Reconnect
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                Reconnect.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.Reconnect";
                };

                return Reconnect;
            })();

            v1.TokenRefresh = (function() {

                /**
                 * Properties of a TokenRefresh.
                 * @typedef {Object} openagents.sync.v1.TokenRefresh.$Properties
                 * @property {string|null} [token] TokenRefresh token
                 * @property {string|null} [proof] TokenRefresh proof
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a TokenRefresh.
                 * @memberof openagents.sync.v1
                 * @interface ITokenRefresh
                 * @augments openagents.sync.v1.TokenRefresh.$Properties
                 * @deprecated Use openagents.sync.v1.TokenRefresh.$Properties instead.
                 */

                /**
                 * Shape of a TokenRefresh.
                 * @typedef {openagents.sync.v1.TokenRefresh.$Properties} openagents.sync.v1.TokenRefresh.$Shape
                 */

                /**
                 * Constructs a new TokenRefresh.
                 * @memberof openagents.sync.v1
                 * @classdesc Represents a TokenRefresh.
                 * @constructor
                 * @param {openagents.sync.v1.TokenRefresh.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const TokenRefresh = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * TokenRefresh token.
                 * @member {string} token
                 * @memberof openagents.sync.v1.TokenRefresh
                 * @instance
                 */
                TokenRefresh.prototype.token = "";

                /**
                 * TokenRefresh proof.
                 * @member {string} proof
                 * @memberof openagents.sync.v1.TokenRefresh
                 * @instance
                 */
                TokenRefresh.prototype.proof = "";

                /**
                 * Creates a new TokenRefresh instance using the specified properties.
                 * @function create
                 * @memberof openagents.sync.v1.TokenRefresh
                 * @static
                 * @param {openagents.sync.v1.TokenRefresh.$Properties=} [properties] Properties to set
                 * @returns {openagents.sync.v1.TokenRefresh} TokenRefresh instance
                 * @type {{
                 *   (properties: openagents.sync.v1.TokenRefresh.$Shape): openagents.sync.v1.TokenRefresh & openagents.sync.v1.TokenRefresh.$Shape;
                 *   (properties?: openagents.sync.v1.TokenRefresh.$Properties): openagents.sync.v1.TokenRefresh;
                 * }}
                 */
                TokenRefresh.create = function(properties) {
                    return new TokenRefresh(properties);
                };

                /**
                 * Encodes the specified TokenRefresh message. Does not implicitly {@link openagents.sync.v1.TokenRefresh.verify|verify} messages.
                 * @function encode
                 * @memberof openagents.sync.v1.TokenRefresh
                 * @static
                 * @param {openagents.sync.v1.TokenRefresh.$Properties} message TokenRefresh message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                TokenRefresh.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.token);
                    if (message.proof != null && $Object.hasOwnProperty.call(message, "proof") && message.proof !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.proof);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a TokenRefresh message from the specified reader or buffer.
                 * @function decode
                 * @memberof openagents.sync.v1.TokenRefresh
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.TokenRefresh & openagents.sync.v1.TokenRefresh.$Shape} TokenRefresh
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                TokenRefresh.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.openagents.sync.v1.TokenRefresh();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.token = value;
                                else
                                    delete message.token;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.proof = value;
                                else
                                    delete message.proof;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Gets the type url for TokenRefresh
                 * @function getTypeUrl
                 * @memberof openagents.sync.v1.TokenRefresh
                 * @static
                 * @param {string} [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns {string} The type url
                 */
                TokenRefresh.getTypeUrl = function(prefix) {
                    if (prefix === $undefined)
                        prefix = "type.googleapis.com";
                    return prefix + "/openagents.sync.v1.TokenRefresh";
                };

                return TokenRefresh;
            })();

            return v1;
        })();

        return sync;
    })();

    return openagents;
})();

export {
  $root as default
};
