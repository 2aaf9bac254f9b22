package org.simreg.worker.features.table;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.Util;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.worker.features.bankfile.FeatureTable;

class TableFormatTest {
    private static final String[] NAMES = {"train/a/1.png", "train/b,c/\"2\".png", "val/ä/3.png"};
    private static final float[][] ROWS = {{1.5f, -0.25f}, {Float.MIN_VALUE, 3e38f}, {0.1f, -0f}};

    @TempDir
    Path folder;

    private static final TableRows TABLE = new TableRows() {
        @Override
        public int size() {
            return ROWS.length;
        }

        @Override
        public int dimension() {
            return 2;
        }

        @Override
        public String name(int row) {
            return NAMES[row];
        }

        @Override
        public String className(int row) {
            return NAMES[row].split("/")[1];
        }

        @Override
        public String split(int row) {
            return NAMES[row].split("/")[0];
        }

        @Override
        public void copy(int row, float[] into) {
            System.arraycopy(ROWS[row], 0, into, 0, 2);
        }
    };

    @Test
    void npyHoldsTheNumbersAndAListTheNames() throws IOException {
        List<Path> files = TableFormat.NPY.write(folder, TABLE);
        byte[] bytes = Files.readAllBytes(files.get(0));
        assertEquals(0, (bytes.length - 4 * 6) % 64, "the array is aligned");
        try (FeatureTable table = FeatureTable.open(files.get(0))) {
            assertEquals(3, table.rows());
            assertArrayEquals(new float[] {1.5f, -0.25f, Float.MIN_VALUE, 3e38f, 0.1f, -0f}, table.next(3));
        }
        assertEquals(
                List.of(
                        "row,name,class,split",
                        "0,train/a/1.png,a,train",
                        "1,\"train/b,c/\"\"2\"\".png\",\"b,c\",train",
                        "2,val/ä/3.png,ä,val"),
                Files.readAllLines(files.get(1)));
    }

    @Test
    void csvGivesEveryNumberBack() throws IOException {
        List<String> lines =
                Files.readAllLines(TableFormat.CSV.write(folder, TABLE).get(0));
        assertEquals("name,class,split,f0,f1", lines.get(0));
        for (int row = 0; row < ROWS.length; row++) {
            String[] fields = lines.get(row + 1).split(",");
            for (int d = 0; d < 2; d++) {
                float read = Float.parseFloat(fields[fields.length - 2 + d]);
                assertEquals(Float.floatToIntBits(ROWS[row][d]), Float.floatToIntBits(read));
            }
        }
    }

    /** Python's pyarrow reads the same file; see docs/usage.md. */
    @Test
    void parquetHasAListOfFloatsARow() throws IOException {
        byte[] file =
                Files.readAllBytes(TableFormat.PARQUET.write(folder, TABLE).get(0));
        int foot = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(file.length - 8);
        FileMetaData meta = Util.readFileMetaData(new ByteArrayInputStream(file, file.length - 8 - foot, foot));
        assertEquals(3, meta.getNum_rows());
        ColumnMetaData feature = meta.getRow_groups().get(0).getColumns().get(3).getMeta_data();
        assertEquals(List.of("feature", "list", "element"), feature.getPath_in_schema());
        assertEquals(6, feature.getNum_values());
        int begin = (int) feature.getData_page_offset();
        ByteArrayInputStream chunk = new ByteArrayInputStream(file, begin, (int) feature.getTotal_uncompressed_size());
        PageHeader header = Util.readPageHeader(chunk);
        byte[] page = chunk.readAllBytes();
        assertEquals(header.getUncompressed_page_size(), page.length);
        // Each row: one level 0, one level 1; then six levels 1: every number is there.
        byte[] levels = {12, 0, 0, 0, 2, 0, 2, 1, 2, 0, 2, 1, 2, 0, 2, 1, 2, 0, 0, 0, 12, 1};
        assertArrayEquals(levels, Arrays.copyOf(page, levels.length));
        ByteBuffer values = ByteBuffer.wrap(page, levels.length, 24).order(ByteOrder.LITTLE_ENDIAN);
        for (float[] row : ROWS) {
            for (float value : row) {
                assertEquals(Float.floatToIntBits(value), Float.floatToIntBits(values.getFloat()));
            }
        }
    }
}
