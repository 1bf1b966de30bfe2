/**
 * This room starts servers with development settings. In production the operator runs PostgreSQL and Temporal, and the
 * service is told where they are.
 */
export function refuseInProduction(server: string): void {
  if (process.env['NODE_ENV'] === 'production') {
    throw new Error(
      `The development ${server} does not start when NODE_ENV=production. ` +
        'Set DATABASE_URL, DATABASE_ADMIN_URL and TEMPORAL_ADDRESS to your own servers.',
    );
  }
}
