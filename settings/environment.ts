/** Reads environment variables once, names every one that is wrong at once, and says what to do about it. */
import type { z } from 'zod';

/** The settings cannot be used; the message lists every reason. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** Parses the environment; an empty variable counts as not set. Throws SettingsError. */
export function readEnvironment<S extends z.ZodType>(schema: S, environment: NodeJS.ProcessEnv): z.infer<S> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(({ path, message }) => {
    const isMissing = path.length === 1 && !Object.hasOwn(given, path[0]!);
    return `  ${path.join('.')}: ${isMissing ? 'is not set' : message}`;
  });
  throw new SettingsError(
    `The settings cannot be used (.env.example describes each variable):\n${lines.join('\n')}`,
  );
}

/** Throws SettingsError with every reason, if there is one. */
export function refuseUnsafe(reasons: (string | false)[]): void {
  const given = reasons.filter((reason): reason is string => reason !== false);
  if (given.length > 0) throw new SettingsError(`Refused with NODE_ENV=production:\n  ${given.join('\n  ')}`);
}
