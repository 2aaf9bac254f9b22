/** Image files to RGB pixels, as Pillow reads them. */
package org.simreg.worker.data.image;
