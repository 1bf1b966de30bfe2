import { apiKeyRoutes } from './apiKeys';
import { attentionRoutes } from './attention';
import { auditRoutes } from './audit';
import { enrollmentReads } from './enrollmentReads';
import { enrollmentRoutes } from './enrollments';
import { programRoutes } from './programs';
import type { Route } from './route';

export const ROUTES: readonly Route[] = [
  ...enrollmentReads,
  ...enrollmentRoutes,
  ...auditRoutes,
  ...attentionRoutes,
  ...programRoutes,
  ...apiKeyRoutes,
];
