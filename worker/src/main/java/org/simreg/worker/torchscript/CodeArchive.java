package org.simreg.worker.torchscript;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript archive of one class without weights: its attributes are empty lists of tensors
 * that a method fills.
 *
 * @see <a
 *     href="https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/docs/serialization.md">PyTorch's
 *     format</a>
 */
final class CodeArchive {
    private CodeArchive() {}

    /**
     * @param name of the class
     * @param attributes names of its lists
     * @param methods source of its methods
     */
    static byte[] of(String name, List<String> attributes, String methods) {
        StringBuilder code = new StringBuilder("class " + name + "(Module):\n");
        code.append("  __parameters__ = []\n  __buffers__ = []\n  training : bool\n");
        attributes.forEach(
                attribute -> code.append("  ").append(attribute).append(" : List[Tensor]\n"));
        code.append(methods);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            store(zip, "data.pkl", pickle(name, attributes));
            store(zip, "code/__torch__.py", code.toString().getBytes(StandardCharsets.UTF_8));
            store(zip, "constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
            store(zip, "version", "3\n".getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void store(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        ZipEntry entry = new ZipEntry("archive/" + name);
        entry.setSize(bytes.length);
        entry.setCrc(crc.getValue());
        entry.setTime(315532800000L);
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }

    /** An object of the class whose state is {training: True, attribute: build_tensorlist([])}. */
    private static byte[] pickle(String name, List<String> attributes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x80, 2});
        out.writeBytes(ascii("c__torch__\n" + name + "\n)\u0081}("));
        string(out, "training");
        out.write(0x88);
        for (String attribute : attributes) {
            string(out, attribute);
            out.writeBytes(ascii("ctorch.jit._pickle\nbuild_tensorlist\n(](etR"));
        }
        out.writeBytes(ascii("ub."));
        return out.toByteArray();
    }

    private static void string(ByteArrayOutputStream out, String text) {
        byte[] bytes = ascii(text);
        out.writeBytes(new byte[] {'X', (byte) bytes.length, 0, 0, 0});
        out.writeBytes(bytes);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
