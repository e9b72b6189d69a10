/** A code that is on its way to a person. Exactly one of `code` and `providerRef` says who will check it. */
export interface SentCode {
  /** `terminal` or `email`. */
  readonly deliveryChannel: string;
  /** The code itself, where we check it. */
  readonly code: string | null;
  /** The provider's name for the challenge, where the provider checks it. */
  readonly providerRef: string | null;
}

/** Proves that somebody reads an e-mail address. Who may have an account is not its question. */
export interface IdentityProvider {
  readonly mode: 'local' | 'workos';
  /** @throws ProblemError service_unavailable where the code cannot be sent. */
  sendCode(email: string): Promise<SentCode>;
  /** Only for a challenge with a `providerRef`. @throws ProblemError service_unavailable */
  checkCode(email: string, providerRef: string, code: string): Promise<boolean>;
}
