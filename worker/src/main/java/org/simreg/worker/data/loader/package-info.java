/**
 * Batches of views, decoded ahead of their use on threads of their own. Read {@link
 * org.simreg.worker.data.loader.BatchLoader} first.
 */
package org.simreg.worker.data.loader;
