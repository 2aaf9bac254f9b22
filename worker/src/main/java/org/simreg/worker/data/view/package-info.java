/** Pixels to views: crop, resize, colours, blur, to Pillow's bits. */
package org.simreg.worker.data.view;
