/** The logger of a process: JSON lines on standard output, without secrets and personal data. */
import pino, { type Logger } from 'pino';

export type { Logger };

export function createLogger(name: string, level: string): Logger {
  return pino({
    name,
    level,
    redact: {
      paths: ['*.authorization', '*.accessToken', '*.contactEmail', '*.contactName'],
      censor: '[redacted]',
    },
  });
}
