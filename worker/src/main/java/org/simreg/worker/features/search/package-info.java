/** Exact top-k over one worker's rows. */
package org.simreg.worker.features.search;
