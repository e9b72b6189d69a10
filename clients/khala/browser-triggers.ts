import type { KhalaClient } from './types.ts';

/** The part of a page that tells that waiting no longer makes sense. */
interface PageGlobals {
  addEventListener(type: 'online', listener: () => void): void;
  removeEventListener(type: 'online', listener: () => void): void;
  document: {
    readonly visibilityState: string;
    addEventListener(type: 'visibilitychange', listener: () => void): void;
    removeEventListener(type: 'visibilitychange', listener: () => void): void;
  };
}

/**
 * Ends a backoff when the network returns or the page is looked at: a backoff was chosen for a network that is gone,
 * and a hidden page's timers are late. What is blocked stays so, since a person has to act. Returns the undo.
 */
export function resumeWithPage(client: KhalaClient): () => void {
  const page = globalThis as unknown as PageGlobals;
  const resume = () => {
    if (client.state.name === 'backoff') client.retryNow();
  };
  const resumeIfVisible = () => {
    if (page.document.visibilityState === 'visible') resume();
  };
  page.addEventListener('online', resume);
  page.document.addEventListener('visibilitychange', resumeIfVisible);
  return () => {
    page.removeEventListener('online', resume);
    page.document.removeEventListener('visibilitychange', resumeIfVisible);
  };
}
