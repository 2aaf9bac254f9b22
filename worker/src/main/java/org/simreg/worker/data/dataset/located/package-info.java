/**
 * Data sets whose samples are stretches of files: collected by name, put in order, read. Read {@link
 * org.simreg.worker.data.dataset.located.LocatedDataset} first.
 */
package org.simreg.worker.data.dataset.located;
