import type { DeviceId, UserId } from '#proto/ids.ts';
import type { Tx } from '../transaction.ts';

export interface DeviceSighting {
  userId: UserId;
  deviceId: DeviceId;
  clientId: string;
  platform: string;
  name: string;
  now: Date;
}

/** Remembers a device; what it no longer tells about itself stays as it was. */
export async function recordDevice(tx: Tx, sighting: DeviceSighting): Promise<void> {
  const { userId, deviceId, clientId, platform, name, now } = sighting;
  await tx`
    insert into control.devices as known
      (user_id, device_id, client_id, platform, name, first_seen_at, last_seen_at)
    values (${userId}, ${deviceId}, ${clientId}, ${platform}, ${name}, ${now}, ${now})
    on conflict (user_id, device_id) do update set
      client_id = coalesce(nullif(excluded.client_id, ''), known.client_id),
      platform = coalesce(nullif(excluded.platform, ''), known.platform),
      name = coalesce(nullif(excluded.name, ''), known.name),
      last_seen_at = greatest(excluded.last_seen_at, known.last_seen_at)`;
}
