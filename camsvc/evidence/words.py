"""What the reports and the read-me say, in Vietnamese and English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LANGUAGES: Final = ("vi", "en")


@dataclass(frozen=True, slots=True)
class Words:
    """``words("gap")`` in one language; ``words.of("reason", "crash")`` for a value, itself when there is no word."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        text = _WORDS[key][LANGUAGES.index(self.language)]
        return text.format(**values) if values else text

    def of(self, group: str, value: str) -> str:
        found = _WORDS.get(f"{group}.{value}")
        return found[LANGUAGES.index(self.language)] if found else value


def spans(seconds: float, language: str) -> str:
    """``1:02:03.5`` or ``12.3 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s" if language == "en" else f"{seconds:.1f} giây".replace(".", ",")
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Báo cáo chứng cứ video", "Video evidence report"),
    "package": ("Gói chứng cứ", "Package"),
    "made": ("Lập lúc", "Made"),
    "by": ("Người yêu cầu", "Asked for by"),
    "reason": ("Lý do", "Reason"),
    "case": ("Số vụ án", "Case number"),
    "organisation": ("Cơ quan cung cấp", "Handed out by"),
    "fingerprint": ("Vân tay SHA-256 của chứng thư", "SHA-256 fingerprint of the certificate"),
    "software": ("Phần mềm", "Software"),
    "sound": (
        "Mọi tệp trong gói đều đúng như khi được ghi.",
        "Every file in this package is what was written when it was recorded.",
    ),
    "unsound": (
        "CHÚ Ý: {count} tệp bị thay đổi, bị thiếu hoặc không có mã kiểm tra. Xem danh sách dưới đây.",
        "ATTENTION: {count} files are altered, missing, or vouched for by no checksum. See below.",
    ),
    "check": (
        "Báo cáo này chỉ giúp xem; giá trị chứng minh nằm ở chữ ký. Cách kiểm tra: README.txt.",
        "This report helps to look; what proves is the signature. How to check it: README.txt.",
    ),
    "case.title": ("Tên vụ án", "Title of the case"),
    "case.people": ("Người tham gia vụ án", "People on the case"),
    "incidents": ("Số sự việc", "Incidents"),
    "cameras": ("Số camera", "Cameras"),
    "period": ("Từ lúc – đến lúc", "Period"),
    "footage": ("Video", "Footage"),
    "footage.value": ("{length}, {count} tệp gốc", "{length}, of {count} original files"),
    "spans": ("Số khoảng thời gian", "Spans of time"),
    "snapshots": ("Ảnh chụp", "Snapshots"),
    "contents": ("Trong gói có", "The package holds"),
    "summary": ("Nội dung", "What is in it"),
    "pictures": ("Hình ảnh", "Pictures"),
    "picture.unprinted": ("Ảnh không in ở đây, xem tệp {file}", "Picture not printed here, see the file {file}"),
    "lanes": ("Dòng thời gian của các camera", "Time lines of the cameras"),
    "lanes.note": (
        "Xanh: có video trong gói. Xám đậm: được yêu cầu. Gạch đỏ: mất video. Vạch đen: sự việc, có số thứ tự. "
        "Tam giác: ảnh chụp. Những lúc không có gì quá 30 phút được bỏ qua.",
        "Blue: footage in this package. Darker grey: asked for. Red hatching: no footage. Black lines: incidents, by "
        "number. Triangles: snapshots. More than 30 minutes without anything are left out.",
    ),
    "lanes.more": (
        "Số khoảng thời gian sau đó không vẽ ở đây: {count}; xem từng sự việc.",
        "Later stretches of time that are not drawn: {count}; see the incidents themselves.",
    ),
    "span": ("Khoảng thời gian {number}", "Span of time {number}"),
    "span.incidents": ("Video lấy từ các sự việc", "Its footage is that of the incidents"),
    "span.none": ("Không có video nào của khoảng thời gian này.", "There is no footage of this span of time."),
    "from": ("Từ lúc", "From"),
    "to": ("Đến lúc", "To"),
    "covered": ("Có video", "Covered"),
    "covered.value": ("{covered} trong {asked} ({percent} %)", "{covered} of {asked} ({percent} %)"),
    "snapshot": ("Ảnh chụp {number}", "Snapshot {number}"),
    "at": ("Lúc", "At"),
    "taken.by": ("Người chụp", "Taken by"),
    "comment": ("Ghi chú", "Comment"),
    "howto": ("Cách kiểm tra gói này", "How to check this package"),
    "howto.1": (
        "1. Hỏi cơ quan cung cấp, bằng điện thoại hoặc công văn, vân tay SHA-256 của chứng thư. Nó phải là:",
        "1. Ask who handed it out, by telephone or letter, for the SHA-256 fingerprint of their certificate. It must"
        " be:",
    ),
    "howto.2": (
        "2. Chạy các lệnh trong README.txt (openssl, sha256sum, unzip), hoặc: camsvc verify TỆP.zip --certificate"
        " CHỨNG_THƯ.pem",
        "2. Type the commands of README.txt (openssl, sha256sum, unzip), or: camsvc verify FILE.zip --certificate"
        " THEIRS.pem",
    ),
    "howto.3": (
        "3. Mỗi bước phải in ra OK. Nếu không, gói đã bị thay đổi sau khi ký.",
        "3. Each step must print OK. If not, the package was changed after it was signed.",
    ),
    "fault": ("Đã biết từ trước: {file} {what}.", "Known before: {file} is {what}."),
    "expired": (
        "Video của sự việc này đã hết hạn lưu trữ và không còn nữa.",
        "The footage of this incident has expired and does not exist any more.",
    ),
    "gap.mark": ("có khoảng trống", "has gaps"),
    "sealed": ("video có chữ ký của máy ghi", "its footage bears the recorder's signature"),
    "unsealed": (
        "video không có chữ ký của máy ghi (ghi trước khi có chữ ký)",
        "its footage bears no recorder's signature (recorded before there were any)",
    ),
    "partly.sealed": (
        "chỉ một phần video có chữ ký của máy ghi",
        "only some of its footage bears the recorder's signature",
    ),
    "viewing.copy": ("Bản để xem", "Viewing copy"),
    "redacted.copy": ("Bản đã che", "Redacted copy"),
    "viewing.note": (
        "Bản để xem: được mã hóa lại, có in thời gian, địa điểm và khung đối tượng; khoảng trống hiện thành trang chữ. "
        "Không phải bản gốc.",
        "For viewing: re-encoded, with time, place and boxes burnt in; gaps are shown as slates. It is not the"
        " original.",
    ),
    "redacted.note": (
        "Bản đã che: được mã hóa lại; người và xe đã chọn không nhận ra được. Không phải bản gốc.",
        "Redacted: re-encoded; people and vehicles are made unrecognisable as was decided. It is not the original.",
    ),
    "redacted.checked": (
        "Đã kiểm tra {frames} hình bằng {model}: không còn ai ngoài lựa chọn.",
        "{frames} pictures were looked through with {model}: nobody outside of the choice was found.",
    ),
    "blur.faces": ("Che: khuôn mặt.", "Hidden: faces."),
    "blur.people": ("Che: người.", "Hidden: people."),
    "blur.vehicles": ("Che: phương tiện.", "Hidden: vehicles."),
    "blur.everything": ("Che: người và phương tiện.", "Hidden: people and vehicles."),
    "role.original": ("bản gốc", "originals"),
    "role.viewing": ("bản để xem", "viewing copies"),
    "role.redacted": ("bản đã che", "redacted copies"),
    "role.thumbnail": ("ảnh nhỏ", "thumbnails"),
    "role.tracks": ("dữ liệu vết", "track files"),
    "role.snapshot": ("ảnh chụp", "snapshots"),
    "gap_reason.unkept": (
        "hệ thống không lưu (không có sự việc) hoặc đã hết hạn lưu trữ",
        "none was kept (there was no incident), or it has expired",
    ),
    "file_state.forged": (
        "KHÔNG KHỚP CHỮ KÝ CỦA MÁY GHI",
        "NOT WHAT THE RECORDER SIGNED",
    ),
    "file_state.absent": ("không có trong gói", "not in the package"),
    "deed.span.exported": ("xuất khoảng thời gian", "span of time exported"),
    "deed.snapshot.exported": ("xuất ảnh chụp", "snapshot exported"),
    "deed.incident.viewed": ("xem sự việc", "incident looked at"),
    "deed.incident.tagged": ("gắn nhãn", "tagged"),
    "deed.hold.placed": ("giữ lại", "held"),
    "map": ("Vị trí camera", "Where the cameras stand"),
    "map.note": (
        "Bắc ở phía trên. Hình quạt: hướng nhìn theo cấu hình. Trong ngoặc: số thứ tự sự việc. Đường xám: ranh giới.",
        "North is up. Wedges: direction of view as configured. In brackets: numbers of the incidents. Grey lines:"
        " boundaries.",
    ),
    "incident": ("Sự việc {number}", "Incident {number}"),
    "camera": ("Camera", "Camera"),
    "area": ("Địa bàn", "Area"),
    "place": ("Tọa độ (WGS 84)", "Place (WGS 84)"),
    "heading": ("hướng {degrees}°", "facing {degrees}°"),
    "kind": ("Loại", "Kind"),
    "zone": ("Vùng", "Zone"),
    "state": ("Trạng thái", "State"),
    "started": ("Bắt đầu", "Started"),
    "ended": ("Kết thúc", "Ended"),
    "last": ("Quan sát lần cuối", "Last observed"),
    "objects": ("Đối tượng", "Objects"),
    "object": ("{name} (vết {track}, độ tin cậy {confidence} %)", "{name} (track {track}, confidence {confidence} %)"),
    "clip": ("Đoạn video thực có", "Footage, actual"),
    "clock": ("Sai số đồng hồ", "Clock error"),
    "clock.value": (
        "Thời gian nêu ở đây đúng trong khoảng ±{ms} ms.",
        "Times given here are right within ±{ms} ms.",
    ),
    "clock.behind": (
        "Đồng hồ của chính camera (nếu in trên hình) chậm hơn {ms} ms.",
        "The camera's own clock, if it shows in the picture, was {ms} ms behind.",
    ),
    "clock.ahead": (
        "Đồng hồ của chính camera (nếu in trên hình) nhanh hơn {ms} ms.",
        "The camera's own clock, if it shows in the picture, was {ms} ms ahead.",
    ),
    "model": ("Mô hình nhận dạng", "Detection model"),
    "worker": ("Ghi bởi", "Recorded by"),
    "sessions": ("Phiên kết nối", "Sessions"),
    "id": ("Mã sự việc", "Incident id"),
    "timeline": ("Dòng thời gian", "Timeline"),
    "timeline.note": (
        "Xanh: có video. Gạch đỏ: mất video. Vàng: không được phân tích. Vạch đen: sự việc.",
        "Blue: footage. Red hatching: no footage. Amber: not analysed. Black line: the incident.",
    ),
    "gap": (
        "MẤT VIDEO {length}: {from_} – {to}. Lý do: {reason}.",
        "NO FOOTAGE for {length}: {from_} – {to}. Reason: {reason}.",
    ),
    "unseen": (
        "KHÔNG PHÂN TÍCH {length}: {from_} – {to}. Lý do: {reason}.",
        "NOT ANALYSED for {length}: {from_} – {to}. Reason: {reason}.",
    ),
    "no.gaps": ("Không ghi nhận khoảng trống nào.", "No gaps were recorded."),
    "no.footage": (
        "Khi lập gói này, trong kho không có video nào của sự việc này.",
        "When this package was made, no footage of this incident was stored.",
    ),
    "no.picture": ("Không có ảnh.", "No picture."),
    "part": ("Tệp gốc {number}", "Original {number}"),
    "second0": ("Giây 0 của tệp là {at}", "Second 0 of the file is {at}"),
    "not.shown": (
        "Tệp này {state}. Không được coi là bản gốc và không phát ở đây.",
        "This file is {state}. It is not to be taken for the original and is not played here.",
    ),
    "hevc": (
        "H.265: một số trình duyệt không phát được; hãy dùng VLC hoặc ffplay.",
        "H.265: some browsers cannot play it; use VLC or ffplay.",
    ),
    "audio": ("Âm thanh: {audio}", "Audio: {audio}"),
    "audio.none": ("không có", "none"),
    "size": ("{bytes} byte", "{bytes} bytes"),
    "files": ("Các tệp", "Files"),
    "file": ("Tệp", "File"),
    "custody": ("Nhật ký tiếp cận", "Who did what with it"),
    "custody.note": (
        "Trích từ nhật ký chuỗi băm của hệ thống; các mã băm nằm trong manifest.json.",
        "From the system's log, chained by hash; the hashes are in manifest.json.",
    ),
    "custody.more": ("Chỉ ghi {count} mục mới nhất.", "Only the newest {count} records are shown."),
    "custody.none": ("Không có mục nào.", "There are no records."),
    "when": ("Lúc", "When"),
    "who": ("Ai", "Who"),
    "what": ("Việc", "What"),
    "why": ("Lý do", "Why"),
    "system": ("dòng lệnh", "command line"),
    "page": ("Trang {page}/{pages}", "Page {page} of {pages}"),
    "incident_state.open": ("đang diễn ra khi xuất", "still open when exported"),
    "incident_state.closed": ("đã kết thúc", "closed"),
    "incident_state.interrupted": (
        "bị gián đoạn: không quan sát được lúc kết thúc",
        "interrupted: its end was not observed",
    ),
    "file_state.intact": ("nguyên vẹn", "intact"),
    "file_state.altered": ("BỊ THAY ĐỔI", "ALTERED"),
    "file_state.missing": ("BỊ THIẾU", "MISSING"),
    "file_state.unrecorded": ("KHÔNG CÓ MÃ KIỂM TRA", "VOUCHED FOR BY NO CHECKSUM"),
    "file_state.made": ("lập khi xuất", "made for this package"),
    "deed.incident.exported": ("xuất chứng cứ", "exported as evidence"),
    "deed.package.made": ("lập gói chứng cứ", "package made"),
    "deed.clip.played": ("xem video", "footage viewed"),
    "deed.clip.downloaded": ("tải video", "footage downloaded"),
    "outcome.refused": ("bị từ chối", "refused"),
    "outcome.failed": ("không thành", "failed"),
    "kind.presence": ("Xuất hiện", "Presence"),
    "class.person": ("người", "person"),
    "class.bicycle": ("xe đạp", "bicycle"),
    "class.car": ("ô tô con", "car"),
    "class.motorcycle": ("xe máy", "motorcycle"),
    "class.bus": ("xe buýt", "bus"),
    "class.truck": ("xe tải", "truck"),
    "gap_reason.unrecorded": ("không được ghi lại", "none was recorded"),
    "gap_reason.reconnect": ("kết nối lại camera", "reconnected to the camera"),
    "gap_reason.stall": ("camera ngừng gửi hình", "the camera stalled"),
    "gap_reason.jump": ("nhảy thời gian", "time stamps jumped"),
    "gap_reason.parameters": ("camera đổi thông số hình", "the camera changed codec or picture size"),
    "gap_reason.corrupt": ("dữ liệu hỏng", "corrupt data"),
    "gap_reason.overflow": ("ổ đĩa hoặc bộ xử lý quá chậm", "disk or processor too slow"),
    "gap_reason.crash": ("tiến trình ghi bị dừng đột ngột", "the recorder crashed"),
    "gap_reason.disk_full": ("ổ đĩa đầy", "the disk was full"),
    "gap_reason.detector": ("bộ nhận dạng lỗi hoặc quá tải", "the detector failed or was overloaded"),
}
