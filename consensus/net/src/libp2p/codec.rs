//! Length-prefixed frames on a substream.

use std::{io, sync::Arc};

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

const PREFIX_SIZE: usize = size_of::<u32>();

/// A frame could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The substream ended or broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The announced length is above the bound of the class.
    #[error("a frame of {found} bytes is above the bound of {max}")]
    Oversized {
        /// The announced length.
        found: usize,
        /// The bound.
        max: usize,
    },
}

/// Reads one frame. Memory grows with the bytes that arrive (`L3`).
pub(crate) async fn read_frame<R>(reader: &mut R, size_max: usize) -> Result<Vec<u8>, ReadError>
where
    R: AsyncRead + Unpin,
{
    let mut prefix = [0; PREFIX_SIZE];
    reader.read_exact(&mut prefix).await?;
    let announced = u32::from_le_bytes(prefix);
    let found = usize::try_from(announced).unwrap_or(usize::MAX);
    if found > size_max {
        return Err(ReadError::Oversized { found, max: size_max });
    }
    let mut bytes = Vec::new();
    let read = reader.take(u64::from(announced)).read_to_end(&mut bytes).await?;
    if read < found {
        return Err(ReadError::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(bytes)
}

/// Writes frames and flushes once.
pub(crate) async fn write_frames<W>(writer: &mut W, frames: &[Arc<[u8]>]) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    for frame in frames {
        write_frame(writer, frame).await?;
    }
    writer.flush().await
}

async fn write_frame<W: AsyncWrite + Unpin>(writer: &mut W, frame: &[u8]) -> io::Result<()> {
    let size = u32::try_from(frame.len()).map_err(io::Error::other)?;
    writer.write_all(&size.to_le_bytes()).await?;
    writer.write_all(frame).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::io::Cursor;

    #[tokio::test]
    async fn frames_round_trip_and_end_cleanly() {
        let mut wire = Cursor::new(Vec::new());
        let frames: [Arc<[u8]>; 3] = [Arc::from([1, 2, 3]), Arc::from([]), Arc::from([9; 70])];
        write_frames(&mut wire, &frames).await.unwrap();
        wire.set_position(0);
        for frame in &frames {
            assert_eq!(read_frame(&mut wire, 70).await.unwrap(), **frame);
        }
        let end = read_frame(&mut wire, 70).await.unwrap_err();
        assert!(
            matches!(end, ReadError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof)
        );
    }

    #[tokio::test]
    async fn refuses_an_oversized_or_truncated_frame() {
        let mut wire = Cursor::new(71u32.to_le_bytes().to_vec());
        let error = read_frame(&mut wire, 70).await.unwrap_err();
        assert!(matches!(error, ReadError::Oversized { found: 71, max: 70 }));
        let mut wire = Cursor::new([5, 0, 0, 0, 1, 2].to_vec());
        assert!(matches!(read_frame(&mut wire, 70).await, Err(ReadError::Io(_))));
    }
}
