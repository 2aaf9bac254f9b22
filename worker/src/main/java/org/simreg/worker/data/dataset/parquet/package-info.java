/** Data sets in Parquet files, as Hugging Face writes them. Read {@link org.simreg.worker.data.dataset.parquet.ParquetLister} first. */
package org.simreg.worker.data.dataset.parquet;
