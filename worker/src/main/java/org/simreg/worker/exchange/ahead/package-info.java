/**
 * Features that other workers compute for a member. Teachers' features come from helpers, ahead of need: workers beyond
 * those that the micro-batches can use. Read {@link org.simreg.worker.exchange.ahead.HelpPlan} first (who computes what),
 * then {@code HelperLoop} (a helper's work) and {@code FeatureInbox} (what a member gets of it). An evaluation's come from
 * the other members: {@code SharedPass} (who computes what), {@code PartOutbox}, {@code PartInbox}.
 */
package org.simreg.worker.exchange.ahead;
