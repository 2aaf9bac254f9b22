/**
 * Exports: a trained network in the formats that other tools open. Read {@link
 * org.simreg.worker.export.StudentExport} first.
 */
package org.simreg.worker.export;
