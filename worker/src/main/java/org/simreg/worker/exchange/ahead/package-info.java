/**
 * Teachers' features that helpers compute ahead of the members' need: workers beyond those that the micro-batches can
 * use. Read {@link org.simreg.worker.exchange.ahead.HelpPlan} first (who computes what), then {@code HelperLoop} (a
 * helper's work) and {@code FeatureInbox} (what a member gets of it).
 */
package org.simreg.worker.exchange.ahead;
