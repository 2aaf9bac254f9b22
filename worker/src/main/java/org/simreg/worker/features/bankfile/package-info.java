/** The file of a bank, and features that others computed. */
package org.simreg.worker.features.bankfile;
