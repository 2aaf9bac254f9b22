/** What a run writes line by line: ledger, events, metrics, TensorBoard. */
package org.simreg.coordinator.run.log;
