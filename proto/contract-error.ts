import type { FieldFault } from './errors.ts';

/** A value does not follow its contract. Every fault carries its JSON path. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly messageName: string;
  readonly faults: readonly FieldFault[];

  constructor(messageName: string, faults: readonly FieldFault[]) {
    super(`${messageName}: ${faults.map((fault) => `${fault.path} ${fault.reason}`).join('; ')}`);
    this.messageName = messageName;
    this.faults = faults;
  }
}
