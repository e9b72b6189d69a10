import { ProblemError } from '#proto/errors.ts';
import { TOPIC_POLICY, type TopicClass } from '#proto/topics.ts';

/** @throws ProblemError where a workflow of another build names a class that this one does not know. */
export function topicClassOf(text: string): TopicClass {
  if (Object.hasOwn(TOPIC_POLICY, text)) return text as TopicClass;
  throw new ProblemError('invalid_request', `there is no class ${text}`);
}
