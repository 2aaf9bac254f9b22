/** Whether a run lost or doubled nothing, from its ledger. */
package org.simreg.coordinator.run.audit;
