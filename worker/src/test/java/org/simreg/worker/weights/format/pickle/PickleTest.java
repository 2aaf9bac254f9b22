package org.simreg.worker.weights.format.pickle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.worker.weights.format.pickle.Pickled.Global;
import org.simreg.worker.weights.format.pickle.Pickled.Tensor;
import org.simreg.worker.weights.format.pickle.Pickled.Thing;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.DType;

class PickleTest {
    @ParameterizedTest
    @ValueSource(
            longs = {
                0,
                1,
                255,
                256,
                65535,
                65536,
                -1,
                Integer.MIN_VALUE,
                Integer.MAX_VALUE,
                1L << 31,
                Long.MIN_VALUE,
                Long.MAX_VALUE
            })
    void wholeNumbersOfEverySizeComeBack(long value) throws CorruptFile {
        assertEquals(value, read(new PickleWriter().integer(value)));
    }

    @Test
    void nestedCollectionsComeBack() throws CorruptFile {
        PickleWriter pickle = new PickleWriter().emptyDict().mark();
        pickle.string("list").emptyList().mark().number(-0.5).bool(true).none().appends();
        pickle.string("tuple").tuple(3, 4).string("empty").emptyTuple();
        pickle.string("ünï").string("list").setItems();
        assertEquals(
                Map.of(
                        "list", List.of(-0.5, true, Pickled.NONE),
                        "tuple", List.of(3L, 4L),
                        "empty", List.of(),
                        "ünï", "list"),
                read(pickle));
    }

    @Test
    void moreValuesThanAByteCanCountAreRemembered() throws CorruptFile {
        PickleWriter pickle = new PickleWriter().emptyList().mark();
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 300; i++) {
                pickle.string("name " + i);
            }
        }
        List<?> values = (List<?>) read(pickle.appends());
        assertEquals(600, values.size());
        assertEquals("name 299", values.get(599));
        assertEquals(values.subList(0, 300), values.subList(300, 600));
    }

    @Test
    void anObjectKeepsItsStateAndAClassItsName() throws CorruptFile {
        PickleWriter pickle = new PickleWriter().global("a.b", "C").emptyTuple().newObject();
        pickle.emptyDict().mark().string("x").integer(1).setItems().build();
        assertEquals(Map.of("x", 1L), ((Thing) read(pickle)).attributes);
        assertEquals(new Global("a.b", "C"), read(new PickleWriter().global("a.b", "C")));
    }

    @Test
    void aTensorComesBackWithItsPlaceInTheStorage() throws CorruptFile {
        var storage = new PickleWriter.Storage(DType.BFLOAT16, "7", 100, true);
        Tensor tensor = (Tensor) read(new PickleWriter().tensor(storage, 3, new long[] {2, 5}, new long[] {1, 2}));
        assertEquals(new Pickled.Storage("BFloat16Storage", "7", 100, null), tensor.storage());
        assertEquals(DType.BFLOAT16, tensor.dtype());
        assertEquals(3, tensor.offset());
        assertArrayEquals(new long[] {2, 5}, tensor.shape());
        assertArrayEquals(new long[] {1, 2}, tensor.stride());
    }

    @Test
    void theTextualOpcodesOfTheFirstProtocolAreRead() throws CorruptFile {
        String text = "(dp0\nS'a'\np1\nI01\nsVb\nL12345678901234567890L\nsg1\nF2.5\ns.";
        Map<?, ?> dict = (Map<?, ?>) new PickleReader(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII))).read();
        assertEquals(2.5, dict.get("a"));
        assertEquals(new BigInteger("12345678901234567890"), dict.get("b"));
    }

    @Test
    void copyingTheSameListOverAndOverIsCutShort() {
        PickleWriter pickle = new PickleWriter().emptyList().mark();
        for (int i = 0; i < 5_000; i++) {
            pickle.tuple(i, i);
        }
        pickle.appends().mark();
        byte[] list = pickle.stop();
        ByteBuffer bytes = ByteBuffer.allocate(list.length + 100_000).put(list);
        bytes.position(list.length - 2).put(new byte[] {'q', 0});
        byte[] copy = "ccollections\nOrderedDict\n(h?tR0".getBytes(StandardCharsets.US_ASCII);
        copy[copy.length - 4] = 0;
        while (bytes.remaining() > copy.length) {
            bytes.put(copy);
        }
        PickleReader reader = new PickleReader(bytes.flip());
        CorruptFile error = assertThrows(CorruptFile.class, reader::read);
        assertTrue(error.getMessage().contains("steps"), error.getMessage());
    }

    /** Heavier by {@code -Dsimreg.strings=5000000} in little memory. */
    @Test
    void millionsOfTextsAreCountedAndNotKept() throws CorruptFile {
        int count = Integer.getInteger("simreg.strings", 400_000);
        ByteBuffer bytes = ByteBuffer.allocate(count * 24 + 100);
        bytes.put(new byte[] {(byte) 0x80, 4, '}', '(', 'U', 1, 'l', ']'});
        for (int i = 0; i < count; i += 1000) {
            bytes.put((byte) '(');
            for (int j = i; j < i + 1000; j++) {
                byte[] text = ("train/%08d".formatted(j)).getBytes(StandardCharsets.US_ASCII);
                bytes.put((byte) 0x8C).put((byte) text.length).put(text).put((byte) 0x94);
            }
            bytes.put((byte) 'e');
        }
        // The first text once more, and a last one.
        bytes.put(new byte[] {'U', 1, 'f', 'h', 0, 'U', 1, 'g', 'U', 1, 'z', 'u', '.'});
        Map<?, ?> dict = (Map<?, ?>) new PickleReader(bytes.flip()).read();
        assertEquals(count, Pickled.size(dict.get("l")));
        assertTrue(((List<?>) dict.get("l")).size() <= 200_001);
        assertEquals("train/00000000", dict.get("f"));
        assertEquals("z", dict.get("g"));
    }

    @Test
    void amongMillionsOfPairsATensorIsStillFound() throws CorruptFile {
        int count = 250_000;
        ByteBuffer bytes = ByteBuffer.allocate(count * 16 + 400);
        bytes.put(new byte[] {(byte) 0x80, 4, ']', '('});
        for (int i = 0; i < count; i++) {
            bytes.put(new byte[] {'U', 2, 'a', 'b', (byte) 0x94, 'K', 1, (byte) 0x86, (byte) 0x94});
        }
        byte[] tensor = new PickleWriter()
                .tensor(new PickleWriter.Storage(DType.FLOAT32, "0", 4, false), 0, new long[] {4}, new long[] {1})
                .stop();
        bytes.put(tensor, 2, tensor.length - 3).put(new byte[] {'e', '.'});
        List<?> list = (List<?>) new PickleReader(bytes.flip()).read();
        assertEquals(count + 1, Pickled.size(list));
        assertTrue(list.get(list.size() - 1) instanceof Pickled.Tensor);
    }

    private static Object read(PickleWriter pickle) throws CorruptFile {
        return new PickleReader(ByteBuffer.wrap(pickle.stop())).read();
    }
}
