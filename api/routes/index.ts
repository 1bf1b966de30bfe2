import { apiKeyRoutes } from './apiKeys';
import { attentionRoutes } from './attention';
import { auditRoutes } from './audit';
import { enrollmentRoutes } from './enrollments';
import { programRoutes } from './programs';
import type { Route } from './route';

export const ROUTES: readonly Route[] = [
  ...enrollmentRoutes,
  ...auditRoutes,
  ...attentionRoutes,
  ...programRoutes,
  ...apiKeyRoutes,
];
