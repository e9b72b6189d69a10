import * as $protobuf from "protobufjs/minimal.js";
import Long = require("long");

/** Namespace openagents. */
export namespace openagents {

    /** Namespace sync. */
    namespace sync {

        /** Namespace v1. */
        namespace v1 {

            /** TopicClass enum. */
            enum TopicClass {

                /** TOPIC_CLASS_UNSPECIFIED value */
                TOPIC_CLASS_UNSPECIFIED = 0,

                /** TOPIC_CLASS_RUN_SUMMARIES value */
                TOPIC_CLASS_RUN_SUMMARIES = 1,

                /** TOPIC_CLASS_CODEX_WORKER_SUMMARIES value */
                TOPIC_CLASS_CODEX_WORKER_SUMMARIES = 2,

                /** TOPIC_CLASS_NOTIFICATIONS value */
                TOPIC_CLASS_NOTIFICATIONS = 3,

                /** TOPIC_CLASS_RUN_EVENTS value */
                TOPIC_CLASS_RUN_EVENTS = 4,

                /** TOPIC_CLASS_CODEX_WORKER_EVENTS value */
                TOPIC_CLASS_CODEX_WORKER_EVENTS = 5,

                /** TOPIC_CLASS_TREASURY value */
                TOPIC_CLASS_TREASURY = 6,

                /** TOPIC_CLASS_AEGIS value */
                TOPIC_CLASS_AEGIS = 7,

                /** TOPIC_CLASS_SYSTEM value */
                TOPIC_CLASS_SYSTEM = 8
            }

            /** KhalaFrameKind enum. */
            enum KhalaFrameKind {

                /** KHALA_FRAME_KIND_UNSPECIFIED value */
                KHALA_FRAME_KIND_UNSPECIFIED = 0,

                /** KHALA_FRAME_KIND_CHALLENGE value */
                KHALA_FRAME_KIND_CHALLENGE = 1,

                /** KHALA_FRAME_KIND_HELLO value */
                KHALA_FRAME_KIND_HELLO = 2,

                /** KHALA_FRAME_KIND_WELCOME value */
                KHALA_FRAME_KIND_WELCOME = 3,

                /** KHALA_FRAME_KIND_SUBSCRIBE value */
                KHALA_FRAME_KIND_SUBSCRIBE = 4,

                /** KHALA_FRAME_KIND_SUBSCRIBED value */
                KHALA_FRAME_KIND_SUBSCRIBED = 5,

                /** KHALA_FRAME_KIND_UNSUBSCRIBE value */
                KHALA_FRAME_KIND_UNSUBSCRIBE = 6,

                /** KHALA_FRAME_KIND_UPDATE value */
                KHALA_FRAME_KIND_UPDATE = 7,

                /** KHALA_FRAME_KIND_UPDATE_BATCH value */
                KHALA_FRAME_KIND_UPDATE_BATCH = 8,

                /** KHALA_FRAME_KIND_CAUGHT_UP value */
                KHALA_FRAME_KIND_CAUGHT_UP = 9,

                /** KHALA_FRAME_KIND_SNAPSHOT_REQUIRED value */
                KHALA_FRAME_KIND_SNAPSHOT_REQUIRED = 10,

                /** KHALA_FRAME_KIND_HEARTBEAT value */
                KHALA_FRAME_KIND_HEARTBEAT = 11,

                /** KHALA_FRAME_KIND_ERROR value */
                KHALA_FRAME_KIND_ERROR = 12,

                /** KHALA_FRAME_KIND_RECONNECT value */
                KHALA_FRAME_KIND_RECONNECT = 13,

                /** KHALA_FRAME_KIND_TOKEN_REFRESH value */
                KHALA_FRAME_KIND_TOKEN_REFRESH = 14
            }

            /** SyncErrorCode enum. */
            enum SyncErrorCode {

                /** SYNC_ERROR_CODE_UNSPECIFIED value */
                SYNC_ERROR_CODE_UNSPECIFIED = 0,

                /** SYNC_ERROR_CODE_UNAUTHORIZED value */
                SYNC_ERROR_CODE_UNAUTHORIZED = 1,

                /** SYNC_ERROR_CODE_FORBIDDEN_TOPIC value */
                SYNC_ERROR_CODE_FORBIDDEN_TOPIC = 2,

                /** SYNC_ERROR_CODE_BAD_SUBSCRIPTION value */
                SYNC_ERROR_CODE_BAD_SUBSCRIPTION = 3,

                /** SYNC_ERROR_CODE_STALE_CURSOR value */
                SYNC_ERROR_CODE_STALE_CURSOR = 4,

                /** SYNC_ERROR_CODE_PAYLOAD_TOO_LARGE value */
                SYNC_ERROR_CODE_PAYLOAD_TOO_LARGE = 5,

                /** SYNC_ERROR_CODE_RATE_LIMITED value */
                SYNC_ERROR_CODE_RATE_LIMITED = 6,

                /** SYNC_ERROR_CODE_INTERNAL value */
                SYNC_ERROR_CODE_INTERNAL = 7,

                /** SYNC_ERROR_CODE_SLOW_CONSUMER value */
                SYNC_ERROR_CODE_SLOW_CONSUMER = 8,

                /** SYNC_ERROR_CODE_REAUTH_REQUIRED value */
                SYNC_ERROR_CODE_REAUTH_REQUIRED = 9,

                /** SYNC_ERROR_CODE_UPGRADE_REQUIRED value */
                SYNC_ERROR_CODE_UPGRADE_REQUIRED = 10,

                /** SYNC_ERROR_CODE_OVERLOADED value */
                SYNC_ERROR_CODE_OVERLOADED = 11,

                /** SYNC_ERROR_CODE_TOKEN_EXPIRED value */
                SYNC_ERROR_CODE_TOKEN_EXPIRED = 12,

                /** SYNC_ERROR_CODE_SERVER_DRAINING value */
                SYNC_ERROR_CODE_SERVER_DRAINING = 13,

                /** SYNC_ERROR_CODE_FORBIDDEN_ORIGIN value */
                SYNC_ERROR_CODE_FORBIDDEN_ORIGIN = 14,

                /** SYNC_ERROR_CODE_MALFORMED_FRAME value */
                SYNC_ERROR_CODE_MALFORMED_FRAME = 15
            }

            /** StaleReason enum. */
            enum StaleReason {

                /** STALE_REASON_UNSPECIFIED value */
                STALE_REASON_UNSPECIFIED = 0,

                /** STALE_REASON_RETENTION_EXPIRED value */
                STALE_REASON_RETENTION_EXPIRED = 1,

                /** STALE_REASON_COMPACTED value */
                STALE_REASON_COMPACTED = 2,

                /** STALE_REASON_REPLAY_BUDGET_EXCEEDED value */
                STALE_REASON_REPLAY_BUDGET_EXCEEDED = 3,

                /** STALE_REASON_CURSOR_AHEAD value */
                STALE_REASON_CURSOR_AHEAD = 4,

                /** STALE_REASON_LINEAGE_MISMATCH value */
                STALE_REASON_LINEAGE_MISMATCH = 5
            }

            /**
             * Properties of a KhalaFrame.
             * @deprecated Use openagents.sync.v1.KhalaFrame.$Properties instead.
             */
            interface IKhalaFrame extends openagents.sync.v1.KhalaFrame.$Properties {
            }

            /** Represents a KhalaFrame. */
            class KhalaFrame {

                /**
                 * Constructs a new KhalaFrame.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.KhalaFrame.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** KhalaFrame topic. */
                topic: string;

                /** KhalaFrame seq. */
                seq: Long;

                /** KhalaFrame kind. */
                kind: openagents.sync.v1.KhalaFrameKind;

                /** KhalaFrame payload_bytes. */
                payload_bytes: Uint8Array;

                /** KhalaFrame schema_version. */
                schema_version: number;

                /**
                 * Creates a new KhalaFrame instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns KhalaFrame instance
                 */
                static create(properties: openagents.sync.v1.KhalaFrame.$Shape): openagents.sync.v1.KhalaFrame & openagents.sync.v1.KhalaFrame.$Shape;
                static create(properties?: openagents.sync.v1.KhalaFrame.$Properties): openagents.sync.v1.KhalaFrame;

                /**
                 * Encodes the specified KhalaFrame message. Does not implicitly {@link openagents.sync.v1.KhalaFrame.verify|verify} messages.
                 * @param message KhalaFrame message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.KhalaFrame.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a KhalaFrame message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.KhalaFrame & openagents.sync.v1.KhalaFrame.$Shape} KhalaFrame
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.KhalaFrame & openagents.sync.v1.KhalaFrame.$Shape;

                /**
                 * Gets the type url for KhalaFrame
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace KhalaFrame {

                /** Properties of a KhalaFrame. */
                interface $Properties {

                    /** KhalaFrame topic */
                    topic?: (string|null);

                    /** KhalaFrame seq */
                    seq?: (Long|null);

                    /** KhalaFrame kind */
                    kind?: (openagents.sync.v1.KhalaFrameKind|null);

                    /** KhalaFrame payload_bytes */
                    payload_bytes?: (Uint8Array|null);

                    /** KhalaFrame schema_version */
                    schema_version?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a KhalaFrame. */
                type $Shape = openagents.sync.v1.KhalaFrame.$Properties;
            }

            /**
             * Properties of a Challenge.
             * @deprecated Use openagents.sync.v1.Challenge.$Properties instead.
             */
            interface IChallenge extends openagents.sync.v1.Challenge.$Properties {
            }

            /** Represents a Challenge. */
            class Challenge {

                /**
                 * Constructs a new Challenge.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.Challenge.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Challenge nonce. */
                nonce: string;

                /** Challenge protocol_version_min. */
                protocol_version_min: number;

                /** Challenge protocol_version_max. */
                protocol_version_max: number;

                /** Challenge client_build_id_min. */
                client_build_id_min: string;

                /** Challenge client_build_id_max. */
                client_build_id_max: string;

                /** Challenge window_expires_at. */
                window_expires_at: string;

                /**
                 * Creates a new Challenge instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Challenge instance
                 */
                static create(properties: openagents.sync.v1.Challenge.$Shape): openagents.sync.v1.Challenge & openagents.sync.v1.Challenge.$Shape;
                static create(properties?: openagents.sync.v1.Challenge.$Properties): openagents.sync.v1.Challenge;

                /**
                 * Encodes the specified Challenge message. Does not implicitly {@link openagents.sync.v1.Challenge.verify|verify} messages.
                 * @param message Challenge message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.Challenge.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Challenge message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Challenge & openagents.sync.v1.Challenge.$Shape} Challenge
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.Challenge & openagents.sync.v1.Challenge.$Shape;

                /**
                 * Gets the type url for Challenge
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Challenge {

                /** Properties of a Challenge. */
                interface $Properties {

                    /** Challenge nonce */
                    nonce?: (string|null);

                    /** Challenge protocol_version_min */
                    protocol_version_min?: (number|null);

                    /** Challenge protocol_version_max */
                    protocol_version_max?: (number|null);

                    /** Challenge client_build_id_min */
                    client_build_id_min?: (string|null);

                    /** Challenge client_build_id_max */
                    client_build_id_max?: (string|null);

                    /** Challenge window_expires_at */
                    window_expires_at?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Challenge. */
                type $Shape = openagents.sync.v1.Challenge.$Properties;
            }

            /**
             * Properties of a Hello.
             * @deprecated Use openagents.sync.v1.Hello.$Properties instead.
             */
            interface IHello extends openagents.sync.v1.Hello.$Properties {
            }

            /** Represents a Hello. */
            class Hello {

                /**
                 * Constructs a new Hello.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.Hello.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Hello token. */
                token: string;

                /** Hello proof. */
                proof: string;

                /** Hello device_id. */
                device_id: string;

                /** Hello client_build_id. */
                client_build_id: string;

                /** Hello protocol_version. */
                protocol_version: number;

                /** Hello schema_version. */
                schema_version: number;

                /**
                 * Creates a new Hello instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Hello instance
                 */
                static create(properties: openagents.sync.v1.Hello.$Shape): openagents.sync.v1.Hello & openagents.sync.v1.Hello.$Shape;
                static create(properties?: openagents.sync.v1.Hello.$Properties): openagents.sync.v1.Hello;

                /**
                 * Encodes the specified Hello message. Does not implicitly {@link openagents.sync.v1.Hello.verify|verify} messages.
                 * @param message Hello message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.Hello.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Hello message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Hello & openagents.sync.v1.Hello.$Shape} Hello
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.Hello & openagents.sync.v1.Hello.$Shape;

                /**
                 * Gets the type url for Hello
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Hello {

                /** Properties of a Hello. */
                interface $Properties {

                    /** Hello token */
                    token?: (string|null);

                    /** Hello proof */
                    proof?: (string|null);

                    /** Hello device_id */
                    device_id?: (string|null);

                    /** Hello client_build_id */
                    client_build_id?: (string|null);

                    /** Hello protocol_version */
                    protocol_version?: (number|null);

                    /** Hello schema_version */
                    schema_version?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Hello. */
                type $Shape = openagents.sync.v1.Hello.$Properties;
            }

            /**
             * Properties of a Welcome.
             * @deprecated Use openagents.sync.v1.Welcome.$Properties instead.
             */
            interface IWelcome extends openagents.sync.v1.Welcome.$Properties {
            }

            /** Represents a Welcome. */
            class Welcome {

                /**
                 * Constructs a new Welcome.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.Welcome.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Welcome connection_id. */
                connection_id: string;

                /** Welcome node_id. */
                node_id: string;

                /** Welcome token_expires_at_ms. */
                token_expires_at_ms: Long;

                /** Welcome heartbeat_interval_ms. */
                heartbeat_interval_ms: number;

                /** Welcome dead_after_ms. */
                dead_after_ms: number;

                /** Welcome topics_max. */
                topics_max: number;

                /**
                 * Creates a new Welcome instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Welcome instance
                 */
                static create(properties: openagents.sync.v1.Welcome.$Shape): openagents.sync.v1.Welcome & openagents.sync.v1.Welcome.$Shape;
                static create(properties?: openagents.sync.v1.Welcome.$Properties): openagents.sync.v1.Welcome;

                /**
                 * Encodes the specified Welcome message. Does not implicitly {@link openagents.sync.v1.Welcome.verify|verify} messages.
                 * @param message Welcome message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.Welcome.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Welcome message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Welcome & openagents.sync.v1.Welcome.$Shape} Welcome
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.Welcome & openagents.sync.v1.Welcome.$Shape;

                /**
                 * Gets the type url for Welcome
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Welcome {

                /** Properties of a Welcome. */
                interface $Properties {

                    /** Welcome connection_id */
                    connection_id?: (string|null);

                    /** Welcome node_id */
                    node_id?: (string|null);

                    /** Welcome token_expires_at_ms */
                    token_expires_at_ms?: (Long|null);

                    /** Welcome heartbeat_interval_ms */
                    heartbeat_interval_ms?: (number|null);

                    /** Welcome dead_after_ms */
                    dead_after_ms?: (number|null);

                    /** Welcome topics_max */
                    topics_max?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Welcome. */
                type $Shape = openagents.sync.v1.Welcome.$Properties;
            }

            /**
             * Properties of a TopicCursor.
             * @deprecated Use openagents.sync.v1.TopicCursor.$Properties instead.
             */
            interface ITopicCursor extends openagents.sync.v1.TopicCursor.$Properties {
            }

            /** Represents a TopicCursor. */
            class TopicCursor {

                /**
                 * Constructs a new TopicCursor.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.TopicCursor.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** TopicCursor topic. */
                topic: string;

                /** TopicCursor epoch. */
                epoch: string;

                /** TopicCursor seq. */
                seq: Long;

                /**
                 * Creates a new TopicCursor instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns TopicCursor instance
                 */
                static create(properties: openagents.sync.v1.TopicCursor.$Shape): openagents.sync.v1.TopicCursor & openagents.sync.v1.TopicCursor.$Shape;
                static create(properties?: openagents.sync.v1.TopicCursor.$Properties): openagents.sync.v1.TopicCursor;

                /**
                 * Encodes the specified TopicCursor message. Does not implicitly {@link openagents.sync.v1.TopicCursor.verify|verify} messages.
                 * @param message TopicCursor message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.TopicCursor.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a TopicCursor message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.TopicCursor & openagents.sync.v1.TopicCursor.$Shape} TopicCursor
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.TopicCursor & openagents.sync.v1.TopicCursor.$Shape;

                /**
                 * Gets the type url for TopicCursor
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace TopicCursor {

                /** Properties of a TopicCursor. */
                interface $Properties {

                    /** TopicCursor topic */
                    topic?: (string|null);

                    /** TopicCursor epoch */
                    epoch?: (string|null);

                    /** TopicCursor seq */
                    seq?: (Long|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a TopicCursor. */
                type $Shape = openagents.sync.v1.TopicCursor.$Properties;
            }

            /**
             * Properties of a Subscribe.
             * @deprecated Use openagents.sync.v1.Subscribe.$Properties instead.
             */
            interface ISubscribe extends openagents.sync.v1.Subscribe.$Properties {
            }

            /** Represents a Subscribe. */
            class Subscribe {

                /**
                 * Constructs a new Subscribe.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.Subscribe.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Subscribe topics. */
                topics: string[];

                /** Subscribe resume_after. */
                resume_after: openagents.sync.v1.TopicCursor.$Properties[];

                /** Subscribe request_id. */
                request_id: string;

                /**
                 * Creates a new Subscribe instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Subscribe instance
                 */
                static create(properties: openagents.sync.v1.Subscribe.$Shape): openagents.sync.v1.Subscribe & openagents.sync.v1.Subscribe.$Shape;
                static create(properties?: openagents.sync.v1.Subscribe.$Properties): openagents.sync.v1.Subscribe;

                /**
                 * Encodes the specified Subscribe message. Does not implicitly {@link openagents.sync.v1.Subscribe.verify|verify} messages.
                 * @param message Subscribe message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.Subscribe.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Subscribe message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Subscribe & openagents.sync.v1.Subscribe.$Shape} Subscribe
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.Subscribe & openagents.sync.v1.Subscribe.$Shape;

                /**
                 * Gets the type url for Subscribe
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Subscribe {

                /** Properties of a Subscribe. */
                interface $Properties {

                    /** Subscribe topics */
                    topics?: (string[]|null);

                    /** Subscribe resume_after */
                    resume_after?: (openagents.sync.v1.TopicCursor.$Properties[]|null);

                    /** Subscribe request_id */
                    request_id?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Subscribe. */
                type $Shape = openagents.sync.v1.Subscribe.$Properties;
            }

            /**
             * Properties of a Subscribed.
             * @deprecated Use openagents.sync.v1.Subscribed.$Properties instead.
             */
            interface ISubscribed extends openagents.sync.v1.Subscribed.$Properties {
            }

            /** Represents a Subscribed. */
            class Subscribed {

                /**
                 * Constructs a new Subscribed.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.Subscribed.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Subscribed topic. */
                topic: string;

                /** Subscribed epoch. */
                epoch: string;

                /** Subscribed from_seq. */
                from_seq: Long;

                /** Subscribed head_seq. */
                head_seq: Long;

                /** Subscribed request_id. */
                request_id: string;

                /** Subscribed snapshot_seq. */
                snapshot_seq: Long;

                /** Subscribed snapshot_url. */
                snapshot_url: string;

                /**
                 * Creates a new Subscribed instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Subscribed instance
                 */
                static create(properties: openagents.sync.v1.Subscribed.$Shape): openagents.sync.v1.Subscribed & openagents.sync.v1.Subscribed.$Shape;
                static create(properties?: openagents.sync.v1.Subscribed.$Properties): openagents.sync.v1.Subscribed;

                /**
                 * Encodes the specified Subscribed message. Does not implicitly {@link openagents.sync.v1.Subscribed.verify|verify} messages.
                 * @param message Subscribed message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.Subscribed.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Subscribed message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Subscribed & openagents.sync.v1.Subscribed.$Shape} Subscribed
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.Subscribed & openagents.sync.v1.Subscribed.$Shape;

                /**
                 * Gets the type url for Subscribed
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Subscribed {

                /** Properties of a Subscribed. */
                interface $Properties {

                    /** Subscribed topic */
                    topic?: (string|null);

                    /** Subscribed epoch */
                    epoch?: (string|null);

                    /** Subscribed from_seq */
                    from_seq?: (Long|null);

                    /** Subscribed head_seq */
                    head_seq?: (Long|null);

                    /** Subscribed request_id */
                    request_id?: (string|null);

                    /** Subscribed snapshot_seq */
                    snapshot_seq?: (Long|null);

                    /** Subscribed snapshot_url */
                    snapshot_url?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Subscribed. */
                type $Shape = openagents.sync.v1.Subscribed.$Properties;
            }

            /**
             * Properties of an Unsubscribe.
             * @deprecated Use openagents.sync.v1.Unsubscribe.$Properties instead.
             */
            interface IUnsubscribe extends openagents.sync.v1.Unsubscribe.$Properties {
            }

            /** Represents an Unsubscribe. */
            class Unsubscribe {

                /**
                 * Constructs a new Unsubscribe.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.Unsubscribe.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Unsubscribe topics. */
                topics: string[];

                /**
                 * Creates a new Unsubscribe instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Unsubscribe instance
                 */
                static create(properties: openagents.sync.v1.Unsubscribe.$Shape): openagents.sync.v1.Unsubscribe & openagents.sync.v1.Unsubscribe.$Shape;
                static create(properties?: openagents.sync.v1.Unsubscribe.$Properties): openagents.sync.v1.Unsubscribe;

                /**
                 * Encodes the specified Unsubscribe message. Does not implicitly {@link openagents.sync.v1.Unsubscribe.verify|verify} messages.
                 * @param message Unsubscribe message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.Unsubscribe.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Unsubscribe message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Unsubscribe & openagents.sync.v1.Unsubscribe.$Shape} Unsubscribe
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.Unsubscribe & openagents.sync.v1.Unsubscribe.$Shape;

                /**
                 * Gets the type url for Unsubscribe
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Unsubscribe {

                /** Properties of an Unsubscribe. */
                interface $Properties {

                    /** Unsubscribe topics */
                    topics?: (string[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Unsubscribe. */
                type $Shape = openagents.sync.v1.Unsubscribe.$Properties;
            }

            /**
             * Properties of an Update.
             * @deprecated Use openagents.sync.v1.Update.$Properties instead.
             */
            interface IUpdate extends openagents.sync.v1.Update.$Properties {
            }

            /** Represents an Update. */
            class Update {

                /**
                 * Constructs a new Update.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.Update.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Update seq. */
                seq: Long;

                /** Update kind. */
                kind: string;

                /** Update payload. */
                payload: Uint8Array;

                /** Update payload_hash. */
                payload_hash: string;

                /** Update recorded_at_ms. */
                recorded_at_ms: Long;

                /** Update doc_key. */
                doc_key: string;

                /** Update doc_version. */
                doc_version: Long;

                /** Update event_hash. */
                event_hash: string;

                /**
                 * Creates a new Update instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Update instance
                 */
                static create(properties: openagents.sync.v1.Update.$Shape): openagents.sync.v1.Update & openagents.sync.v1.Update.$Shape;
                static create(properties?: openagents.sync.v1.Update.$Properties): openagents.sync.v1.Update;

                /**
                 * Encodes the specified Update message. Does not implicitly {@link openagents.sync.v1.Update.verify|verify} messages.
                 * @param message Update message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.Update.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Update message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Update & openagents.sync.v1.Update.$Shape} Update
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.Update & openagents.sync.v1.Update.$Shape;

                /**
                 * Gets the type url for Update
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Update {

                /** Properties of an Update. */
                interface $Properties {

                    /** Update seq */
                    seq?: (Long|null);

                    /** Update kind */
                    kind?: (string|null);

                    /** Update payload */
                    payload?: (Uint8Array|null);

                    /** Update payload_hash */
                    payload_hash?: (string|null);

                    /** Update recorded_at_ms */
                    recorded_at_ms?: (Long|null);

                    /** Update doc_key */
                    doc_key?: (string|null);

                    /** Update doc_version */
                    doc_version?: (Long|null);

                    /** Update event_hash */
                    event_hash?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Update. */
                type $Shape = openagents.sync.v1.Update.$Properties;
            }

            /**
             * Properties of an UpdateBatch.
             * @deprecated Use openagents.sync.v1.UpdateBatch.$Properties instead.
             */
            interface IUpdateBatch extends openagents.sync.v1.UpdateBatch.$Properties {
            }

            /** Represents an UpdateBatch. */
            class UpdateBatch {

                /**
                 * Constructs a new UpdateBatch.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.UpdateBatch.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** UpdateBatch updates. */
                updates: openagents.sync.v1.Update.$Properties[];

                /**
                 * Creates a new UpdateBatch instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns UpdateBatch instance
                 */
                static create(properties: openagents.sync.v1.UpdateBatch.$Shape): openagents.sync.v1.UpdateBatch & openagents.sync.v1.UpdateBatch.$Shape;
                static create(properties?: openagents.sync.v1.UpdateBatch.$Properties): openagents.sync.v1.UpdateBatch;

                /**
                 * Encodes the specified UpdateBatch message. Does not implicitly {@link openagents.sync.v1.UpdateBatch.verify|verify} messages.
                 * @param message UpdateBatch message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.UpdateBatch.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an UpdateBatch message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.UpdateBatch & openagents.sync.v1.UpdateBatch.$Shape} UpdateBatch
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.UpdateBatch & openagents.sync.v1.UpdateBatch.$Shape;

                /**
                 * Gets the type url for UpdateBatch
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace UpdateBatch {

                /** Properties of an UpdateBatch. */
                interface $Properties {

                    /** UpdateBatch updates */
                    updates?: (openagents.sync.v1.Update.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an UpdateBatch. */
                type $Shape = openagents.sync.v1.UpdateBatch.$Properties;
            }

            /**
             * Properties of a CaughtUp.
             * @deprecated Use openagents.sync.v1.CaughtUp.$Properties instead.
             */
            interface ICaughtUp extends openagents.sync.v1.CaughtUp.$Properties {
            }

            /** Represents a CaughtUp. */
            class CaughtUp {

                /**
                 * Constructs a new CaughtUp.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.CaughtUp.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** CaughtUp topic. */
                topic: string;

                /** CaughtUp epoch. */
                epoch: string;

                /** CaughtUp seq. */
                seq: Long;

                /**
                 * Creates a new CaughtUp instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns CaughtUp instance
                 */
                static create(properties: openagents.sync.v1.CaughtUp.$Shape): openagents.sync.v1.CaughtUp & openagents.sync.v1.CaughtUp.$Shape;
                static create(properties?: openagents.sync.v1.CaughtUp.$Properties): openagents.sync.v1.CaughtUp;

                /**
                 * Encodes the specified CaughtUp message. Does not implicitly {@link openagents.sync.v1.CaughtUp.verify|verify} messages.
                 * @param message CaughtUp message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.CaughtUp.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a CaughtUp message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.CaughtUp & openagents.sync.v1.CaughtUp.$Shape} CaughtUp
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.CaughtUp & openagents.sync.v1.CaughtUp.$Shape;

                /**
                 * Gets the type url for CaughtUp
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace CaughtUp {

                /** Properties of a CaughtUp. */
                interface $Properties {

                    /** CaughtUp topic */
                    topic?: (string|null);

                    /** CaughtUp epoch */
                    epoch?: (string|null);

                    /** CaughtUp seq */
                    seq?: (Long|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a CaughtUp. */
                type $Shape = openagents.sync.v1.CaughtUp.$Properties;
            }

            /**
             * Properties of a SnapshotRequired.
             * @deprecated Use openagents.sync.v1.SnapshotRequired.$Properties instead.
             */
            interface ISnapshotRequired extends openagents.sync.v1.SnapshotRequired.$Properties {
            }

            /** Represents a SnapshotRequired. */
            class SnapshotRequired {

                /**
                 * Constructs a new SnapshotRequired.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.SnapshotRequired.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** SnapshotRequired topic. */
                topic: string;

                /** SnapshotRequired code. */
                code: openagents.sync.v1.SyncErrorCode;

                /** SnapshotRequired reason. */
                reason: openagents.sync.v1.StaleReason;

                /** SnapshotRequired floor_seq. */
                floor_seq: Long;

                /** SnapshotRequired head_seq. */
                head_seq: Long;

                /** SnapshotRequired epoch. */
                epoch: string;

                /** SnapshotRequired snapshot_seq. */
                snapshot_seq: Long;

                /** SnapshotRequired snapshot_url. */
                snapshot_url: string;

                /**
                 * Creates a new SnapshotRequired instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns SnapshotRequired instance
                 */
                static create(properties: openagents.sync.v1.SnapshotRequired.$Shape): openagents.sync.v1.SnapshotRequired & openagents.sync.v1.SnapshotRequired.$Shape;
                static create(properties?: openagents.sync.v1.SnapshotRequired.$Properties): openagents.sync.v1.SnapshotRequired;

                /**
                 * Encodes the specified SnapshotRequired message. Does not implicitly {@link openagents.sync.v1.SnapshotRequired.verify|verify} messages.
                 * @param message SnapshotRequired message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.SnapshotRequired.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a SnapshotRequired message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.SnapshotRequired & openagents.sync.v1.SnapshotRequired.$Shape} SnapshotRequired
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.SnapshotRequired & openagents.sync.v1.SnapshotRequired.$Shape;

                /**
                 * Gets the type url for SnapshotRequired
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace SnapshotRequired {

                /** Properties of a SnapshotRequired. */
                interface $Properties {

                    /** SnapshotRequired topic */
                    topic?: (string|null);

                    /** SnapshotRequired code */
                    code?: (openagents.sync.v1.SyncErrorCode|null);

                    /** SnapshotRequired reason */
                    reason?: (openagents.sync.v1.StaleReason|null);

                    /** SnapshotRequired floor_seq */
                    floor_seq?: (Long|null);

                    /** SnapshotRequired head_seq */
                    head_seq?: (Long|null);

                    /** SnapshotRequired epoch */
                    epoch?: (string|null);

                    /** SnapshotRequired snapshot_seq */
                    snapshot_seq?: (Long|null);

                    /** SnapshotRequired snapshot_url */
                    snapshot_url?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a SnapshotRequired. */
                type $Shape = openagents.sync.v1.SnapshotRequired.$Properties;
            }

            /**
             * Properties of a Heartbeat.
             * @deprecated Use openagents.sync.v1.Heartbeat.$Properties instead.
             */
            interface IHeartbeat extends openagents.sync.v1.Heartbeat.$Properties {
            }

            /** Represents a Heartbeat. */
            class Heartbeat {

                /**
                 * Constructs a new Heartbeat.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.Heartbeat.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Heartbeat sent_at_ms. */
                sent_at_ms: Long;

                /**
                 * Creates a new Heartbeat instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Heartbeat instance
                 */
                static create(properties: openagents.sync.v1.Heartbeat.$Shape): openagents.sync.v1.Heartbeat & openagents.sync.v1.Heartbeat.$Shape;
                static create(properties?: openagents.sync.v1.Heartbeat.$Properties): openagents.sync.v1.Heartbeat;

                /**
                 * Encodes the specified Heartbeat message. Does not implicitly {@link openagents.sync.v1.Heartbeat.verify|verify} messages.
                 * @param message Heartbeat message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.Heartbeat.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Heartbeat message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Heartbeat & openagents.sync.v1.Heartbeat.$Shape} Heartbeat
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.Heartbeat & openagents.sync.v1.Heartbeat.$Shape;

                /**
                 * Gets the type url for Heartbeat
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Heartbeat {

                /** Properties of a Heartbeat. */
                interface $Properties {

                    /** Heartbeat sent_at_ms */
                    sent_at_ms?: (Long|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Heartbeat. */
                type $Shape = openagents.sync.v1.Heartbeat.$Properties;
            }

            /**
             * Properties of a SyncError.
             * @deprecated Use openagents.sync.v1.SyncError.$Properties instead.
             */
            interface ISyncError extends openagents.sync.v1.SyncError.$Properties {
            }

            /** Represents a SyncError. */
            class SyncError {

                /**
                 * Constructs a new SyncError.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.SyncError.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** SyncError code. */
                code: openagents.sync.v1.SyncErrorCode;

                /** SyncError message. */
                message: string;

                /** SyncError topic. */
                topic: string;

                /** SyncError retry_after_ms. */
                retry_after_ms: Long;

                /** SyncError request_id. */
                request_id: string;

                /** SyncError positions. */
                positions: openagents.sync.v1.TopicCursor.$Properties[];

                /**
                 * Creates a new SyncError instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns SyncError instance
                 */
                static create(properties: openagents.sync.v1.SyncError.$Shape): openagents.sync.v1.SyncError & openagents.sync.v1.SyncError.$Shape;
                static create(properties?: openagents.sync.v1.SyncError.$Properties): openagents.sync.v1.SyncError;

                /**
                 * Encodes the specified SyncError message. Does not implicitly {@link openagents.sync.v1.SyncError.verify|verify} messages.
                 * @param message SyncError message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.SyncError.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a SyncError message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.SyncError & openagents.sync.v1.SyncError.$Shape} SyncError
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.SyncError & openagents.sync.v1.SyncError.$Shape;

                /**
                 * Gets the type url for SyncError
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace SyncError {

                /** Properties of a SyncError. */
                interface $Properties {

                    /** SyncError code */
                    code?: (openagents.sync.v1.SyncErrorCode|null);

                    /** SyncError message */
                    message?: (string|null);

                    /** SyncError topic */
                    topic?: (string|null);

                    /** SyncError retry_after_ms */
                    retry_after_ms?: (Long|null);

                    /** SyncError request_id */
                    request_id?: (string|null);

                    /** SyncError positions */
                    positions?: (openagents.sync.v1.TopicCursor.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a SyncError. */
                type $Shape = openagents.sync.v1.SyncError.$Properties;
            }

            /**
             * Properties of a Reconnect.
             * @deprecated Use openagents.sync.v1.Reconnect.$Properties instead.
             */
            interface IReconnect extends openagents.sync.v1.Reconnect.$Properties {
            }

            /** Represents a Reconnect. */
            class Reconnect {

                /**
                 * Constructs a new Reconnect.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.Reconnect.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Reconnect after_ms. */
                after_ms: Long;

                /**
                 * Creates a new Reconnect instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns Reconnect instance
                 */
                static create(properties: openagents.sync.v1.Reconnect.$Shape): openagents.sync.v1.Reconnect & openagents.sync.v1.Reconnect.$Shape;
                static create(properties?: openagents.sync.v1.Reconnect.$Properties): openagents.sync.v1.Reconnect;

                /**
                 * Encodes the specified Reconnect message. Does not implicitly {@link openagents.sync.v1.Reconnect.verify|verify} messages.
                 * @param message Reconnect message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.Reconnect.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Reconnect message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.Reconnect & openagents.sync.v1.Reconnect.$Shape} Reconnect
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.Reconnect & openagents.sync.v1.Reconnect.$Shape;

                /**
                 * Gets the type url for Reconnect
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace Reconnect {

                /** Properties of a Reconnect. */
                interface $Properties {

                    /** Reconnect after_ms */
                    after_ms?: (Long|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Reconnect. */
                type $Shape = openagents.sync.v1.Reconnect.$Properties;
            }

            /**
             * Properties of a TokenRefresh.
             * @deprecated Use openagents.sync.v1.TokenRefresh.$Properties instead.
             */
            interface ITokenRefresh extends openagents.sync.v1.TokenRefresh.$Properties {
            }

            /** Represents a TokenRefresh. */
            class TokenRefresh {

                /**
                 * Constructs a new TokenRefresh.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: openagents.sync.v1.TokenRefresh.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** TokenRefresh token. */
                token: string;

                /** TokenRefresh proof. */
                proof: string;

                /**
                 * Creates a new TokenRefresh instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns TokenRefresh instance
                 */
                static create(properties: openagents.sync.v1.TokenRefresh.$Shape): openagents.sync.v1.TokenRefresh & openagents.sync.v1.TokenRefresh.$Shape;
                static create(properties?: openagents.sync.v1.TokenRefresh.$Properties): openagents.sync.v1.TokenRefresh;

                /**
                 * Encodes the specified TokenRefresh message. Does not implicitly {@link openagents.sync.v1.TokenRefresh.verify|verify} messages.
                 * @param message TokenRefresh message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: openagents.sync.v1.TokenRefresh.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a TokenRefresh message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {openagents.sync.v1.TokenRefresh & openagents.sync.v1.TokenRefresh.$Shape} TokenRefresh
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): openagents.sync.v1.TokenRefresh & openagents.sync.v1.TokenRefresh.$Shape;

                /**
                 * Gets the type url for TokenRefresh
                 * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
                 * @returns The type url
                 */
                static getTypeUrl(prefix?: string): string;
            }

            namespace TokenRefresh {

                /** Properties of a TokenRefresh. */
                interface $Properties {

                    /** TokenRefresh token */
                    token?: (string|null);

                    /** TokenRefresh proof */
                    proof?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a TokenRefresh. */
                type $Shape = openagents.sync.v1.TokenRefresh.$Properties;
            }
        }
    }
}
