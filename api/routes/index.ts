import { attentionRoutes } from './attention';
import { enrollmentReads } from './enrollmentReads';
import { enrollmentRoutes } from './enrollments';
import { programRoutes } from './programs';
import type { Route } from './route';

export const ROUTES: readonly Route[] = [
  ...enrollmentReads,
  ...enrollmentRoutes,
  ...attentionRoutes,
  ...programRoutes,
];
